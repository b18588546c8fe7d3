import type { Clock } from '../lib/index.ts';

/** A bell that ends a sleep early. */
export type Wake = {
  /** Resolves after the time, when the bell rings, or when the signal fires; a ring while nobody slept ends the next sleep. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  ring(): void;
};

export function createWake(clock: Clock): Wake {
  let rung = false;
  let sleeping: AbortController | undefined;
  return {
    sleep: async (milliseconds, signal) => {
      if (rung || signal.aborted) {
        rung = false;
        return;
      }
      const mine = new AbortController();
      sleeping = mine;
      await pause(clock, milliseconds, AbortSignal.any([signal, mine.signal]));
      sleeping = undefined;
    },
    ring: () => {
      if (sleeping === undefined) rung = true;
      else sleeping.abort();
    },
  };
}

/** Sleeps, and returns early instead of rejecting when the signal fires. */
export async function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  try {
    await clock.sleep(milliseconds, signal);
  } catch (error) {
    if (!isAborted(signal)) throw error;
  }
}

/** When something ends that a wall clock names: the wall clock may end it early, but setting that back never lengthens it. */
export function deadlineAt(clock: Clock, wallMilliseconds: number): () => number {
  const monotonicEnd = clock.monotonic() + wallMilliseconds - clock.now();
  return () => Math.min(wallMilliseconds - clock.now(), monotonicEnd - clock.monotonic());
}

/** A call, since TypeScript would take a signal for still quiet after an await. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/**
 * What the promise brings, or undefined once the signal fires. A signal that lives long keeps nothing of this call: a listener for each would
 * fill the memory.
 */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined;
  let stop = (): void => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => {
      resolve(undefined);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

export async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
