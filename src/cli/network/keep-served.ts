import type { Clock } from '../../lib/index.ts';
import type { Collector } from '../../observers/index.ts';
import type { Network } from './network.ts';

export type KeepServed = {
  network: Pick<Network, 'collector' | 'ended'>;
  clock: Pick<Clock, 'sleep'>;
  /** Begins what is served over a collector as long as that lives. */
  serve: (collector: Collector) => Promise<{ close(): Promise<void> }>;
  onError: (error: unknown, retryInMs: number) => void;
};

/** After a collector has ended by itself. */
const anewAfterMs = 1000;
/** Where it could not be opened, or nothing could be served over it. */
const retryAfterMs = 5000;

/**
 * Serves over the collector, which is opened for it, and over the next one when that has ended, until the signal fires: `ended` resolves then. A
 * collector that cannot be opened is tried again. Rejects where it can be opened and the first one cannot be served, as at an address that is in use.
 */
export async function keepServed(options: KeepServed, signal: AbortSignal): Promise<{ ended: Promise<void> }> {
  const { network, clock, serve, onError } = options;
  const wait = async (milliseconds: number): Promise<void> => {
    await clock.sleep(milliseconds, signal).catch(() => undefined);
  };

  async function begin(): Promise<{ over: Promise<void> } | undefined> {
    if (signal.aborted) return undefined;
    const over = AbortSignal.any([signal, network.ended()]);
    const collector = await network.collector.open().catch((error: unknown) => {
      onError(error, retryAfterMs);
      return undefined;
    });
    if (collector === undefined) return undefined;
    const served = await serve(collector);
    const close = async (): Promise<void> => {
      await fired(over);
      await served.close();
    };
    return {
      over: close().catch((error: unknown) => {
        onError(error, anewAfterMs);
      }),
    };
  }

  async function goOn(first: { over: Promise<void> } | undefined): Promise<void> {
    let serving = first;
    while (!signal.aborted) {
      await serving?.over;
      await wait(serving === undefined ? retryAfterMs : anewAfterMs);
      serving = await begin().catch((error: unknown) => {
        onError(error, retryAfterMs);
        return undefined;
      });
    }
    await serving?.over;
  }

  return { ended: goOn(await begin()) };
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const tell = (): void => {
      resolve();
    };
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  });
}
