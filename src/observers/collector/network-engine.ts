/** Types only, so that the collector can be built beside the engine: the engine's own file takes this one's place. */
import type { AgentView, NetworkCrossing, Subscription, SubscriptionView } from '../network-observer.ts';
import type { ProblemReason } from '../sflow/decode/problems.ts';

export type EngineOptions = {
  startedAt: number;
  limits?: Partial<{ agents: number; dataSources: number; flows: number; samplingRate: number }>;
};

export type ActiveFlowsQuery = {
  id: string;
  flow: string;
  nowMs: number;
  most: number;
  least?: number;
  agent?: string;
  mode?: 'max' | 'sum';
};

export type EngineCounters = {
  datagrams: number;
  problems: Partial<Record<ProblemReason, number>>;
  untrackedDatagrams: number;
  untrackedSamples: number;
  flowSamples: number;
  counterSamples: number;
  discardSamples: number;
  skippedSamples: number;
  refusedRates: number;
  refusedLengths: number;
  evictedFlows: number;
  crossings: number;
  agents: number;
  dataSources: number;
  flows: number;
  subscriptions: number;
};

export type NetworkEngine = {
  datagram: (bytes: Uint8Array, nowMs: number) => readonly NetworkCrossing[];
  tick: (nowMs: number) => readonly NetworkCrossing[];
  put: (subscription: Subscription, nowMs: number) => void;
  remove: (id: string) => void;
  view: (id: string, nowMs: number) => SubscriptionView | undefined;
  agents: (nowMs: number) => AgentView[];
  activeFlows: (query: ActiveFlowsQuery) => { key: string; value: number; agent: string; dataSource: string }[];
  counters: (nowMs: number) => EngineCounters;
};

export declare const createNetworkEngine: (options: EngineOptions) => NetworkEngine;
