/** Types only, so that the collector can be built beside the engine: the engine's own file takes this one's place. */
import type { AgentView, NetworkCrossing, Subscription, SubscriptionView } from '../network-observer.ts';
import type { ProblemReason } from '../sflow/decode/problems.ts';

export type NetworkEngineLimits = { agents: number; dataSources: number; flows: number; samplingRate: number };

export type NetworkEngineCounters = { datagrams: number; samples: number; problems: Partial<Record<ProblemReason, number>> };

export type FlowQuery = {
  id: string;
  flow: string;
  nowMs: number;
  most: number;
  least: number;
  agent?: string;
  mode: 'max' | 'sum';
};

export type ActiveFlowView = { key: string; value: number; agent: string; dataSource: string };

export type NetworkEngine = {
  datagram: (bytes: Uint8Array, nowMs: number) => readonly NetworkCrossing[];
  tick: (nowMs: number) => readonly NetworkCrossing[];
  put: (subscription: Subscription, nowMs: number) => void;
  remove: (id: string) => void;
  view: (id: string, nowMs: number) => SubscriptionView | undefined;
  agents: (nowMs: number) => AgentView[];
  activeFlows: (query: FlowQuery) => ActiveFlowView[];
  counters: (nowMs: number) => NetworkEngineCounters;
};

export declare const createNetworkEngine: (options: { startedAt: number; limits?: Partial<NetworkEngineLimits> }) => NetworkEngine;
