import { type MonitorsOptions, runMonitors } from '../../control/index.ts';
import type { Collector } from '../../observers/index.ts';
import type { Network } from './network.ts';

/** Long enough not to spin, short enough that a run which relies on a monitor may not notice. */
const anewAfterMs = 1000;

export type WatchForMonitors = Omit<MonitorsOptions, 'openCollector' | 'openSflowRt'> & {
  network: Network;
  /** Begins what is served over a collector as long as it lives, which opens it at once. @default nothing */
  serveOver?: (collector: Collector) => Promise<{ close(): Promise<void> }>;
};

/**
 * Watches the network for every monitor until the signal fires, and closes the collector. One that has ended by itself took along what it was
 * told to watch: everything is begun anew then. Rejects when what is served cannot be.
 */
export async function watchForMonitors({ network, serveOver, ...options }: WatchForMonitors, signal: AbortSignal): Promise<void> {
  const { collector, openSflowRt } = network;
  try {
    while (!signal.aborted) {
      const acting = AbortSignal.any([signal, network.ended()]);
      const served = await serveOver?.(await collector.open());
      try {
        await runMonitors({ ...options, openCollector: collector.open, openSflowRt }, acting);
      } catch (error) {
        // Stopped before everything was read: nothing was said.
        if (!acting.aborted) throw error;
      } finally {
        await served?.close();
      }
      await options.clock.sleep(anewAfterMs, signal).catch(() => undefined);
    }
  } finally {
    await collector.close();
  }
}
