/** What allows a fault to be held: its run's lease, its end, and that nobody has halted everything. */
import type { NodeTaskSpec } from '../api/index.ts';
import type { AgentContext } from './context.ts';
import { kernelTimeoutMs, whyOver } from './lease.ts';
import { deadlineAt } from './timing.ts';
import type { WorkEnd } from './work-end.ts';

export type Permission = {
  /** For how long the kernel may hold it from now, in milliseconds; 0: not at all. */
  possibleMs: () => number;
  notAfterLeftMs: () => number;
  /** False, and the work's end, when nothing allows the fault any more. */
  allowedOrEnd: () => boolean;
  endIfHalted: () => void;
  /** Who halted everything and why; kept, since the lever may be let go before the undo has said why it was done. */
  haltedBy: () => string | undefined;
  /** Only ever to an earlier end: nothing that is written later keeps a fault longer than was first said. */
  shorten: (notAfter: string) => void;
};

export function createPermission(
  { clock, leases, halts }: AgentContext,
  { lease, notAfter: firstEnd }: Pick<NodeTaskSpec, 'lease' | 'notAfter'>,
  end: WorkEnd['end'],
): Permission {
  let notAfter = firstEnd;
  let notAfterLeftMs = deadlineAt(clock, Date.parse(notAfter));
  let haltedBy: string | undefined;
  const timeLeft = () => ({
    kernelLeaseMs: lease.seconds * 1000,
    leaseLeftMs: leases.leftMs(lease.name),
    notAfterLeftMs: notAfterLeftMs(),
  });
  const isFree = () => halts.isKnown() && halts.said() === undefined;
  const endIfHalted = () => {
    haltedBy ??= halts.said();
    if (haltedBy !== undefined) end('Halted');
  };
  return {
    possibleMs: () => (isFree() ? kernelTimeoutMs(timeLeft()) : 0),
    notAfterLeftMs: () => notAfterLeftMs(),
    allowedOrEnd: () => {
      endIfHalted();
      const why = whyOver(timeLeft()) ?? (halts.isKnown() ? undefined : 'HaltUnknown');
      if (why !== undefined) end(why);
      return why === undefined && haltedBy === undefined;
    },
    endIfHalted,
    haltedBy: () => haltedBy,
    shorten: (instant) => {
      if (instant === notAfter) return;
      notAfter = instant;
      const [before, named] = [notAfterLeftMs, deadlineAt(clock, Date.parse(instant))];
      notAfterLeftMs = () => Math.min(before(), named());
    },
  };
}
