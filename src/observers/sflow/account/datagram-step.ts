/** What the number and the uptime of a datagram say of it, beside those that came before from the same agent. */
import { advanceSeen, addSeen, clearSeen, type SeenDatagrams, wasSeen } from './seen-datagrams.ts';
import { distance, mostLate, type Step, stepOf } from './sequence.ts';

/** `duplicate`: the very same has come before. */
export type DatagramStep = Step | { kind: 'duplicate' };

export type LastDatagram = {
  /** The highest that came, and the uptime that came with it. */
  sequence: number;
  uptimeMs: number;
  seen: Readonly<SeenDatagrams>;
};

const [restart, duplicate] = [{ kind: 'restart' }, { kind: 'duplicate' }] as const;

/** An agent that was started anew has an uptime that went back; uptimes wrap after 50 days, and go on there. */
export function stepOfDatagram(last: LastDatagram, { sequence, uptimeMs }: { sequence: number; uptimeMs: number }): DatagramStep {
  const later = distance(last.uptimeMs, uptimeMs);
  if (later < -mostLate.uptimeMs) return restart;
  const step = stepOf(last.sequence, sequence, mostLate.datagrams);
  if (step.kind !== 'late' || !wasSeen(last.seen, step.behind)) return step;
  // Numbers that were given already come again at a later time where an agent counts anew whose uptime is its machine's.
  return later > mostLate.uptimeMs ? restart : duplicate;
}

/** Remembers the datagram, in place. @param isFirst of the agent: that the one before it has come is only assumed */
export function rememberStep(seen: SeenDatagrams, step: DatagramStep, isFirst: boolean): void {
  if (step.kind === 'next') advanceSeen(seen, step.missed + 1, !isFirst);
  else if (step.kind === 'late') addSeen(seen, step.behind);
  else if (step.kind === 'restart') clearSeen(seen);
}
