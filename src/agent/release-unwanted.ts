import { backoff, messageOf } from '../lib/index.ts';
import type { AgentContext } from './context.ts';
import { isAborted, pause } from './timing.ts';

const betweenTries = { first: 1000, most: 60_000 };

/**
 * Sets back, once it is known who wants any, the sysctls that a former life set and nobody wants set any more; goes on until none is left.
 * @param known resolves when it is known; rejects when it never will be
 * @returns `residue` is how many are left, and at least 1 where that cannot be known. `done` resolves when none is, or the agent stops
 */
export function releaseUnwanted(
  { enforcer, clock, random, log, stopping }: Pick<AgentContext, 'enforcer' | 'clock' | 'random' | 'log' | 'stopping'>,
  known: Promise<unknown>,
  isWanting: (owner: string) => boolean,
): { residue: () => number; done: Promise<void> } {
  let residue = 0;
  async function untilNoneIsLeft(): Promise<void> {
    for (let attempt = 0; !isAborted(stopping); attempt += 1) {
      residue = await enforcer.retain(isWanting).catch((error: unknown) => {
        log('error', 'sysctls that nobody wants set are not set back', { error: messageOf(error) });
        return Math.max(1, residue);
      });
      if (residue === 0) return;
      await pause(clock, backoff(attempt, random(), betweenTries), stopping);
    }
  }
  const done = known.then(untilNoneIsLeft, () => undefined);
  return { residue: () => residue, done };
}
