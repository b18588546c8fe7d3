import { type Clock, SquallError, systemClock } from '../../../lib/index.ts';
import type { NetworkCrossing, NetworkObserver, Subscription } from '../../network-observer.ts';
import { askOverHttp, type AskSflowRt } from './ask.ts';
import { type AskingLimits, askWith } from './asking.ts';
import { createCleaner } from './cleaner.ts';
import type { Finding } from './watched-threshold.ts';
import { type SubscriptionWatch, type WatchLimits, watchSubscription } from './watch-subscription.ts';

export type SflowRtClientOptions = {
  ip: string;
  port: number;
  /** @default its address */
  name?: string;
  clock?: Clock;
  /** @default over HTTP */
  ask?: AskSflowRt;
  log?: (message: string) => void;
  limits?: Partial<SflowRtClientLimits>;
};

export type SflowRtClientLimits = WatchLimits & AskingLimits & { mostSubscriptions: number };

const usualLimits: SflowRtClientLimits = {
  pollMs: 1000,
  lostAfterMs: 3000,
  retryMs: 250,
  timeoutMs: 2000,
  waitSlackMs: 5000,
  mostSubscriptions: 256,
};

/**
 * A client of an external sFlow-RT. It starts asking with the first subscription. Definitions stay there when it is closed, as another process
 * may go on; `remove` takes them out.
 */
export function createSflowRtClient(options: SflowRtClientOptions): NetworkObserver {
  const { ip, port, clock = systemClock, log = () => undefined } = options;
  const limits = { ...usualLimits, ...options.limits };
  const transport = options.ask === undefined ? askOverHttp({ ip, port }) : { ask: options.ask, close: () => undefined };
  const closing = new AbortController();
  const watches = new Map<string, SubscriptionWatch>();
  const listeners = new Set<(crossing: NetworkCrossing) => void>();
  const cleaner = createCleaner({ ask: transport.ask, clock, timeoutMs: limits.timeoutMs, retryMs: 5 * limits.pollMs, log });
  // A clock that does not jump, in milliseconds since 1970.
  const [startedAt, startedMonotonic] = [clock.now(), clock.monotonic()];
  const nowMs = () => Math.round(startedAt + clock.monotonic() - startedMonotonic);
  let eventId = 0;

  const watchOptions = {
    asking: (ended: AbortSignal) => askWith(transport.ask, limits, ended),
    clock,
    nowMs,
    limits,
    closing: closing.signal,
    number: (subscription: string, threshold: string, finding: Finding) => {
      const crossing = crossingOf(subscription, threshold, finding, { eventId, observerStartedAt: startedAt });
      eventId += 1;
      return crossing;
    },
    tellAll: (crossing: NetworkCrossing) => {
      for (const listener of [...listeners]) listener(crossing);
    },
    discard: cleaner.discard,
    keep: cleaner.keep,
  };

  function put(subscription: Subscription): void {
    if (closing.signal.aborted) throw new SquallError('Unavailable', 'this client of an sFlow-RT is closed');
    const known = watches.get(subscription.id);
    if (known !== undefined) {
      known.put(subscription);
      return;
    }
    if (watches.size >= limits.mostSubscriptions) {
      const most = String(limits.mostSubscriptions);
      throw new SquallError('InvalidInput', `monitor '${subscription.id}': expected at most ${most} monitors of one sFlow-RT`);
    }
    watches.set(subscription.id, watchSubscription(subscription, watchOptions));
  }

  return {
    name: options.name ?? (ip.includes(':') ? `[${ip}]:${String(port)}` : `${ip}:${String(port)}`),
    put: (subscription) =>
      new Promise((resolve) => {
        put(subscription);
        resolve();
      }),
    remove: async (id) => {
      const watch = watches.get(id);
      watches.delete(id);
      await watch?.remove();
    },
    view: (id) =>
      new Promise((resolve) => {
        resolve(watches.get(id)?.view());
      }),
    onCrossing: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    close: async () => {
      closing.abort();
      cleaner.close();
      await Promise.all([...watches.values()].map(({ finished }) => finished()));
      watches.clear();
      transport.close();
    },
  };
}

/** An sFlow-RT does not say what an event rests on: no samples, and an error of 100 %, are what is known. */
function crossingOf(
  subscription: string,
  threshold: string,
  finding: Finding,
  identity: Pick<NetworkCrossing, 'eventId' | 'observerStartedAt'>,
): NetworkCrossing {
  return { subscription, threshold, ...finding, samples: 0, errorPercent: 100, ...identity };
}
