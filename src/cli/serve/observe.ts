import type { Logger } from 'pino';
import { coreKinds, systemNamespace } from '../../api/index.ts';
import { type Clock, codeOf } from '../../lib/index.ts';
import {
  followStore,
  formatAddress,
  type HttpServer,
  isLoopback,
  type Metrics,
  type ProcessUsage,
  readinessOf,
  readProcessUsage,
  startHttpServer,
} from '../../server/index.ts';
import type { Store, WatchTrouble } from '../../store/index.ts';
import { placeToListen } from '../run/guest-link.ts';
import { localNode, type Machine } from '../run/machine.ts';
import type { ListenAddress } from './listen-address.ts';

export { createMetrics } from '../../server/index.ts';

export type ObserveOptions = {
  machine: Pick<Machine, 'store' | 'agentPid' | 'offerToHost'>;
  metrics: Metrics;
  listen: ListenAddress;
  clock: Clock;
  random: () => number;
  log: Logger;
  trouble: WatchTrouble;
  folderLoaded: () => boolean;
  signal: AbortSignal;
};

const storeAnswersWithinMs = 2000;

/** Shows over HTTP what this machine does, until the server is closed; the signal ends the watches. */
export async function observe(options: ObserveOptions): Promise<HttpServer> {
  const { machine, metrics, listen, clock, random, log, trouble, folderLoaded, signal } = options;
  if (!isLoopback(listen)) {
    const address = formatAddress(listen);
    log.warn({ address }, 'anybody who reaches this address reads the metrics: it is not a loopback address');
  }
  const place = placeToListen(listen);
  const view = followStore(machine.store, clock, random, signal, trouble);
  metrics.readFrom({ levels: view.levels, usage: () => usageOf(machine.agentPid()) });
  view.countInto(metrics).catch((error: unknown) => {
    if (!signal.aborted) log.error({ err: error }, 'runs are not counted');
  });
  const server = await startHttpServer({
    listen: { host: place.host, port: place.port },
    metrics,
    askStore: () => askStore(machine.store),
    readiness: () => {
      const agent = view.agentOf(localNode);
      return readinessOf({ storeRead: view.synced(), folderLoaded: folderLoaded(), ...(agent ? { agent } : {}) });
    },
  });
  if (place.reachedAt) machine.offerToHost('http', server.address);
  log.info({ address: formatAddress(place.reachedAt ?? server.address) }, 'metrics and health are served');
  return server;
}

/** Any answer will do, also that the object is not there. */
async function askStore(store: Store): Promise<void> {
  const key = { namespace: systemNamespace, name: 'squall-folder' };
  await store.get(coreKinds.ConfigMap, key, { timeoutMs: storeAnswersWithinMs }).catch((error: unknown) => {
    if (codeOf(error) !== 'NotFound') throw error;
  });
}

function usageOf(agentPid: number | undefined): ProcessUsage[] {
  const pids = { control: process.pid, agent: agentPid } as const;
  return (['control', 'agent'] as const).flatMap((name) => {
    const pid = pids[name];
    const usage = pid === undefined ? undefined : readProcessUsage(pid);
    return usage ? [{ process: name, ...usage }] : [];
  });
}
