import { systemNamespace } from '../../api/index.ts';
import { experiments, nodeTasks } from '../../control/index.ts';
import { type Clock, codeOf, SquallError } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { type HaltFacts, type HaltProgress, progressOf } from './halt-progress.ts';

const lookEveryMs = 250;
/** Whoever controls runs has given their verdicts by then, or is gone: that needs no waiting for. */
const verdictsWithinMs = 10_000;
/** A server that does not answer for so long is gone, and what it worked on with it. */
const serverAwayMs = 10_000;

export async function gatherHaltFacts(store: Store): Promise<HaltFacts> {
  const [runs, tasks] = await Promise.all([
    store.list(experiments),
    store.list(nodeTasks, { namespace: systemNamespace }).catch((error: unknown) => {
      if (codeOf(error) !== 'PermissionDenied') throw error;
    }),
  ]);
  return { experiments: runs.items, ...(tasks === undefined ? {} : { tasks: tasks.items }) };
}

/**
 * Looks until no fault is active and every run has its verdict, or the time is up; resolves to what was seen last.
 * @throws SquallError Unavailable when the server is gone
 */
export async function untilHalted(
  store: Store,
  clock: Clock,
  withinMs: number,
): Promise<{ facts: HaltFacts; progress: HaltProgress }> {
  const since = clock.monotonic();
  let answeredAt = since;
  for (;;) {
    const facts = await gatherHaltFacts(store).catch((error: unknown) => {
      if (codeOf(error) !== 'Unavailable') throw error;
      if (clock.monotonic() - answeredAt < serverAwayMs) return undefined;
      const message = "nobody answers any more: every fault ends by its lease; 'squall report' tells how runs ended";
      throw new SquallError('Unavailable', message, { cause: error });
    });
    const now = clock.monotonic();
    if (facts !== undefined) {
      answeredAt = now;
      const progress = progressOf(facts);
      const isOver = progress.hurting.length === 0 && (progress.unjudged.length === 0 || now - since >= verdictsWithinMs);
      if (isOver || now - since >= withinMs) return { facts, progress };
    }
    await clock.sleep(lookEveryMs);
  }
}
