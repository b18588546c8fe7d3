import { backoff, messageOf } from '../lib/index.ts';
import type { AgentContext } from './context.ts';
import { isAborted, pause } from './timing.ts';

const betweenSweeps = { first: 200, most: 10_000 };

export type Sweep = {
  /** Things of a former life that are still in kernels of this node. */
  residue: () => number;
  /** Resolves when nothing of a former life is left. */
  clean: Promise<void>;
};

/**
 * Undoes what a former life of this agent left, before anything else is looked at. Resolves after the first try; where that left
 * something it goes on, and no fault is applied meanwhile: a sweep would take it for a leftover.
 */
export async function sweepFormerLife(
  { kernel, clock, random, log }: Pick<AgentContext, 'kernel' | 'clock' | 'random' | 'log'>,
  signal: AbortSignal,
): Promise<Sweep> {
  let residue = 0;
  async function once(): Promise<void> {
    try {
      const swept = await kernel.sweep();
      residue = swept.residue;
      log(residue > 0 ? 'error' : 'info', 'swept', { removed: swept.removed.join(', '), residue });
    } catch (error) {
      residue = Math.max(1, residue);
      log('error', 'sweep failed', { error: messageOf(error) });
    }
  }
  async function untilClean(): Promise<void> {
    for (let attempt = 0; residue > 0 && !isAborted(signal); attempt += 1) {
      await pause(clock, backoff(attempt, random(), betweenSweeps), signal);
      if (!isAborted(signal)) await once();
    }
    if (residue > 0) await new Promise<never>(() => undefined);
  }
  await once();
  return { residue: () => residue, clean: untilClean() };
}
