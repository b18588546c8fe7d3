import { type MonitorsOptions, runMonitors } from '../../control/index.ts';
import type { Collector } from '../../observers/index.ts';
import { keepServed } from './keep-served.ts';
import type { Network } from './network.ts';

/** Long enough not to spin, short enough that a run which relies on a monitor may not notice. */
const anewAfterMs = 1000;

export type WatchForMonitors = Omit<MonitorsOptions, 'openCollector' | 'openSflowRt'> & {
  network: Network;
  /** Begins what is served over a collector as long as it lives, which is opened at once then. @default nothing */
  serveOver?: (collector: Collector) => Promise<{ close(): Promise<void> }>;
};

/**
 * Watches the network for every monitor until the signal fires, and closes the collector. One that has ended by itself took along what it was
 * told to watch: everything is begun anew then. Rejects when what is served cannot be over the first of them.
 */
export async function watchForMonitors({ network, serveOver, ...options }: WatchForMonitors, signal: AbortSignal): Promise<void> {
  const { collector, openSflowRt } = network;
  const stopping = new AbortController();
  const onError = (error: unknown, retryInMs: number): void => {
    if (!signal.aborted) options.onError('REST API over the collector', error, retryInMs);
  };
  // What is served wants the collector as well.
  const onCollectorUnwanted = serveOver === undefined ? { onCollectorUnwanted: collector.unwanted } : {};
  const monitorsOptions = { ...options, openCollector: collector.open, openSflowRt, ...onCollectorUnwanted };
  let served: { ended: Promise<void> } | undefined;
  try {
    if (serveOver !== undefined) {
      const keeping = { network, clock: options.clock, serve: serveOver, onError };
      served = await keepServed(keeping, AbortSignal.any([signal, stopping.signal]));
    }
    while (!signal.aborted) {
      const acting = AbortSignal.any([signal, network.ended()]);
      try {
        await runMonitors(monitorsOptions, acting);
      } catch (error) {
        // Stopped before everything was read: nothing was said.
        if (!acting.aborted) throw error;
      }
      await options.clock.sleep(anewAfterMs, signal).catch(() => undefined);
    }
  } finally {
    stopping.abort();
    await served?.ended;
    await collector.close();
  }
}
