import { type Clock, SquallError } from '../../lib/index.ts';

/** Puts a question, whose answer is waited for only so long. Rejects with Unavailable where it does not come, or one before has not come yet. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T>;

/**
 * One question at a time: somebody who does not answer is not asked ever more.
 * @param whom in the messages, such as `the collector`
 * @param signal ends all waiting
 */
export function createAsk(whom: string, withinMs: number, clock: Pick<Clock, 'sleep'>, signal: AbortSignal): Ask {
  let isOpen = false;
  return async (question) => {
    if (isOpen) throw new SquallError('Unavailable', `${whom} has not answered what it was asked before`);
    isOpen = true;
    const put = async () => {
      try {
        return await question();
      } finally {
        isOpen = false;
      }
    };
    const answer = put();
    const waiting = new AbortController();
    const stop = (): void => {
      waiting.abort();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const late = clock.sleep(withinMs, waiting.signal).then(async () => {
      // Where this process was held up itself, the answer is there already and is read before this is decided.
      await new Promise((resolve) => setImmediate(resolve));
      throw new SquallError('Unavailable', `${whom} has not answered within ${String(withinMs)} ms`);
    });
    // Whichever comes second is of no interest any more.
    answer.catch(() => undefined);
    late.catch(() => undefined);
    try {
      return await Promise.race([answer, late]);
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
  };
}
