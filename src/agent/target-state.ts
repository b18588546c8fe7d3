/** What is remembered of one target of a fault while it is worked on. */
import type { FaultWork, NodeTaskTarget, TargetPhase, TargetStatus } from '../api/index.ts';
import { codeOf, formatInstant, messageOf } from '../lib/index.ts';
import type { Prober } from '../probes/index.ts';
import type { AgentContext } from './context.ts';
import type { SeenShaping } from './dose-by-counters.ts';
import type { RttsByPeer } from './dose-by-pings.ts';
import type { Namespace } from './kernel-driver.ts';
import { advance } from './phases.ts';
import type { SettledPings } from './settled-pings.ts';

/** One target of a fault while it is worked on. Everything that is done to it goes through the functions of fault-target.ts. */
export type FaultTarget = {
  readonly facts: NodeTaskTarget;
  readonly work: FaultWork;
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

export function newTarget(facts: NodeTaskTarget, work: FaultWork, at: string): FaultTarget {
  const status: TargetStatus = { podUid: facts.podUid, phase: 'Pending', since: at };
  return {
    facts,
    work,
    status,
    residue: 0,
    shaping: { total: { bytes: 0, milliseconds: 0, looks: 0 } },
    heldUntil: -Infinity,
    heldForMs: 0,
    verifiedAt: -Infinity,
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
