/** What the thread of a collector and its owner say to each other. Everything here can be copied between threads. */
import { codeOf, type ErrorCode, messageOf, SquallError } from '../../lib/index.ts';
import type { AgentView, NetworkCrossing, Subscription, SubscriptionView } from '../network-observer.ts';
import type { CollectorCounters, ReceiveBuffer } from './counters.ts';
import type { ActiveFlowsQuery, NetworkEngine } from './network-engine.ts';
import type { CollectorWarning } from './warnings.ts';

export type CollectorAddress = { host: string; port: number };

/** `most` of the largest flows that are at least `least`, of one agent or of all; of each flow the largest value of its sources (`max`) or their sum. */
export type FlowQuery = Omit<ActiveFlowsQuery, 'nowMs'>;

/** What can be asked, with its argument and its answer. */
export type Calls = {
  put: (subscription: Subscription) => void;
  remove: (id: string) => void;
  view: (id: string) => SubscriptionView | undefined;
  agents: (nothing: undefined) => AgentView[];
  activeFlows: (query: FlowQuery) => ReturnType<NetworkEngine['activeFlows']>;
  counters: (nothing: undefined) => CollectorCounters;
  close: (nothing: undefined) => void;
};

export type CallName = keyof Calls;
export type Argument<Name extends CallName> = Parameters<Calls[Name]>[0];
export type Answer<Name extends CallName> = ReturnType<Calls[Name]>;

export type RequestOf<Name extends CallName> = { kind: 'request'; id: number; name: Name; argument: Argument<Name> };
export type Request = { [Name in CallName]: RequestOf<Name> }[CallName];

/** That so many crossings have come, so that more may. */
export type CrossingsTaken = { kind: 'crossingsTaken'; count: number };
export type MessageToWorker = Request | CrossingsTaken;

/** An error on its way between threads, where its class is lost. */
export type Failure = { code: ErrorCode; message: string };

export type Opened = {
  kind: 'opened';
  address: CollectorAddress;
  receiveBuffer: ReceiveBuffer;
  warnings: readonly CollectorWarning[];
};
export type Answered = { kind: 'answer'; id: number; value: unknown } | { kind: 'failure'; id: number; failure: Failure };
export type MessageFromWorker =
  Opened | { kind: 'refused'; failure: Failure } | Answered | { kind: 'crossings'; crossings: readonly NetworkCrossing[] };

export const failureOf = (error: unknown): Failure => ({ code: codeOf(error), message: messageOf(error) });
export const errorOf = ({ code, message }: Failure): SquallError => new SquallError(code, message);
