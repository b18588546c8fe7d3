import { SquallError } from '../lib/index.ts';

/** Runs one call with a time limit and the caller's signal; whichever fires first aborts what runs, and says so. */
export async function withDeadline<T>(
  what: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (message: string, cause?: unknown) => {
    controller.abort(new SquallError('Unavailable', message, { cause }));
  };
  const onAbort = () => {
    stop(`${what} was stopped`, signal?.reason);
  };
  const timer = setTimeout(() => {
    stop(`${what} took longer than ${String(timeoutMs)} ms`);
  }, timeoutMs);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await run(controller.signal);
  } catch (error) {
    throw asUnavailable(what, controller.signal.aborted ? controller.signal.reason : error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** What the promise brings, or the signal's reason when that fires first. */
export async function firstOf<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => undefined);
    throw signal.reason as Error;
  }
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}

/** Errors of ours as they are; what a broken connection throws becomes Unavailable. */
export function asUnavailable(what: string, error: unknown): SquallError {
  return error instanceof SquallError ? error : new SquallError('Unavailable', `${what} was cut off`, { cause: error });
}
