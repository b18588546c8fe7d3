/** What is remembered of one target of a fault while it is worked on. */
import type { FaultWork, NodeTaskTarget, TargetPhase, TargetStatus } from '../api/index.ts';
import { codeOf, formatInstant, messageOf } from '../lib/index.ts';
import type { Prober } from '../probes/index.ts';
import type { AgentContext } from './context.ts';
import { newShaping, type SeenShaping } from './dose-by-counters.ts';
import type { RttsByPeer } from './dose-by-pings.ts';
import { faultAt } from './fault-course.ts';
import type { FoundHosts } from './hosts/found-hosts.ts';
import type { Namespace } from './kernel-driver.ts';
import { advance } from './phases.ts';
import { createSettledPings, type SettledPings } from './settled-pings.ts';

/** One target of a fault while it is worked on. Everything that is done to it goes through the functions of fault-target.ts. */
export type FaultTarget = {
  readonly facts: NodeTaskTarget;
  /** The fault as it was last ordered, and what its host names were last found to be. */
  ordered: FaultWork;
  hosts: FoundHosts;
  /** The fault with its course, as all of that asks for it; what it is of that now; and the version of it that the kernel has. */
  asked: FaultWork;
  present: FaultWork;
  work: FaultWork;
  /** Other versions that may be in the kernel: those that have not left yet, and one that comes. */
  others: FaultWork[];
  /** How many versions there were, and at which step of the fault's course it is. */
  versions: number;
  step: number;
  /** Its pulse rests: no lease is held, and none is renewed. */
  resting: boolean;
  /** Monotonic: when it became active, from which its course counts; and when its present step began. */
  activeSince: number;
  stepSince: number;
  /** Of its present version: monotonic, since when it acts, and for how many milliseconds it did before its pulse last rested. */
  actingSince: number;
  actedBefore: number;
  /** An earlier version of this step has shown its dose. */
  isShown: boolean;
  /** Counted by the versions that have left. */
  past: Pick<TargetStatus, 'counters' | 'exposure'>;
  /** Ends once the change that is being made is, or was given up. */
  changing?: Promise<void>;
  /** Renewals and changes of its lease, one after the other. */
  turn: Promise<unknown>;
  status: TargetStatus;
  residue: number;
  namespace?: Namespace;
  pings?: DosePings;
  /** What a rate was seen to let through. */
  shaping: SeenShaping;
  prober?: Prober;
  /** Monotonic: the earliest that the kernel may end the fault by itself; counted from before the commit or the last renewal. */
  heldUntil: number;
  /** The time that it was given then. */
  heldForMs: number;
  /** Monotonic: when all of it was last compared with its plan. */
  verifiedAt: number;
};

export type DosePings = { baseline: RttsByPeer; active: Record<string, number[]>; settled: Record<string, SettledPings> };

export function newTarget(facts: NodeTaskTarget, ordered: FaultWork, asked: FaultWork, at: string): FaultTarget {
  const present = faultAt(asked, 0);
  const status: TargetStatus = { podUid: facts.podUid, phase: 'Pending', since: at };
  return {
    facts,
    ordered,
    hosts: new Map(),
    asked,
    present,
    work: present,
    others: [],
    versions: 0,
    step: 0,
    resting: false,
    activeSince: Infinity,
    stepSince: Infinity,
    actingSince: Infinity,
    actedBefore: 0,
    isShown: false,
    past: {},
    turn: Promise.resolve(),
    status,
    residue: 0,
    shaping: newShaping(),
    heldUntil: -Infinity,
    heldForMs: 0,
    verifiedAt: -Infinity,
  };
}

/** What it is asked for before anything was done to it. */
export function beginWith(target: FaultTarget, asked: FaultWork): void {
  target.asked = asked;
  target.present = faultAt(asked, 0);
  target.work = target.present;
}

/** Pings of a version that begins to act; what was there before the fault stays. */
export function freshPings({ baseline }: Pick<DosePings, 'baseline'>, addresses: readonly string[]): DosePings {
  return {
    baseline,
    active: Object.fromEntries(addresses.map((address) => [address, []])),
    settled: Object.fromEntries(addresses.map((address) => [address, createSettledPings()])),
  };
}

export function move(
  context: AgentContext,
  target: FaultTarget,
  phase: TargetPhase,
  facts: Parameters<typeof advance>[3] = {},
): void {
  target.status = advance(target.status, phase, formatInstant(context.clock.now()), facts);
  const { reason, message } = target.status;
  context.log(phase === 'Refused' || phase === 'Lost' ? 'warn' : 'info', `target ${phase}`, {
    target: `${target.facts.namespace}/${target.facts.name}`,
    fault: target.work.id,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { error: message }),
  });
}

export function refuse(context: AgentContext, target: FaultTarget, error: unknown): void {
  move(context, target, 'Refused', { reason: codeOf(error), message: messageOf(error) });
}
