import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Command } from 'commander';
import pino, { type Logger } from 'pino';
import { systemNamespace } from '../../api/index.ts';
import { connectToCluster, observerReadiness, startObserver } from '../../cluster/index.ts';
import { codeOf, messageOf, SquallError, systemClock } from '../../lib/index.ts';
import type { Collector } from '../../observers/index.ts';
import {
  createObserverMetrics,
  formatAddress,
  type HttpServer,
  type ObserverMetrics,
  readProcessUsage,
  startHttpServer,
  tellWatchTrouble,
} from '../../server/index.ts';
import { createStore, type Store } from '../../store/index.ts';
import packageFacts from '../../../package.json' with { type: 'json' };
import { endingSignal } from '../ending-signal.ts';
import { refuseEndpointsOutside } from '../network/endpoint-networks.ts';
import { type Network, prepareNetwork } from '../network/network.ts';
import { serveSflowRt } from '../network/serve-sflow-rt.ts';
import { watchForMonitors } from '../network/watch-for-monitors.ts';
import { type CollectorPlace, readCollectorPlace, readNetworks, readReceiveBuffer } from '../network/sflow-options.ts';
import { type ListenAddress, parseListenAddress } from '../serve/listen-address.ts';

type ObserverCommandOptions = {
  kubeconfig?: string;
  context?: string;
  namespace: string;
  leaseSeconds: string;
  listen: string;
  allow?: string;
  endpoints?: string;
  receiveBuffer?: string;
  sflowRt: string;
  metrics: string;
};

/** Exit code 0 when it was told to stop. */
export function observerCommand(): Command {
  return new Command('observer')
    .description('watch the network of a cluster by sFlow, for its NetworkMonitors; one observer watches, others stand by')
    .option(
      '--kubeconfig <file>',
      "how to reach the cluster; without it KUBECONFIG, ~/.kube/config, or the pod's service account",
    )
    .option('--context <name>', "of the kubeconfig's contexts, which; without it the current one")
    .option('--namespace <namespace>', "where the election's Lease is", systemNamespace)
    .option('--lease-seconds <seconds>', 'how long an observer that is gone is waited for', '5')
    .option('--listen <address>', "UDP for sFlow; 'none' opens none: then only monitors with an endpoint work", '[::]:6343')
    .option(
      '--allow <networks>',
      'from where sFlow is taken, such as 10.0.0.0/8,192.0.2.7, with commas between; without it from anywhere',
    )
    .option(
      '--endpoints <networks>',
      'where a monitoringEndpoint may be, with commas between; without it anywhere but at loopback and link-local addresses',
    )
    .option('--receive-buffer <bytes>', 'asked of the kernel for what comes while the collector is busy; it may give less')
    .option('--sflow-rt <address>', "serve sFlow-RT's REST API there, such as 127.0.0.1:8008", 'none')
    .option('--metrics <address>', "HTTP for metrics and health; port 0 draws one, 'none' serves none", '127.0.0.1:9466')
    .action(observe);
}

async function observe(options: ObserverCommandOptions): Promise<void> {
  const { kubeconfig, context, namespace } = options;
  const leaseSeconds = readSeconds(options.leaseSeconds);
  const place: CollectorPlace = {
    ...readCollectorPlace(['--listen', options.listen], ['--allow', options.allow]),
    ...readReceiveBuffer(['--receive-buffer', options.receiveBuffer]),
  };
  const endpoints = readNetworks(['--endpoints', options.endpoints]);
  const sflowRt = parseListenAddress(options.sflowRt, '--sflow-rt');
  if (sflowRt !== undefined && place.listen === undefined) {
    throw new SquallError(
      'InvalidInput',
      "--sflow-rt: expected a --listen address, since it serves what is received there; found 'none'",
    );
  }
  const address = parseListenAddress(options.metrics, '--metrics');
  const log = pino({ level: process.env.SQUALL_LOG ?? 'info', base: null }, pino.destination({ fd: 2, sync: true }));
  const cluster = await connectToCluster({ ...(kubeconfig ? { kubeconfig } : {}), ...(context ? { context } : {}) });
  const store = createStore(cluster.transport);
  using ending = endingSignal({ reason: 'Stopped' });
  try {
    const identity = `${hostname()}_${randomUUID()}`;
    log.info({ server: cluster.server, identity }, 'standing for election');
    const asked = prepareNetwork(place, systemClock, log);
    const network = { ...asked, openSflowRt: refuseEndpointsOutside(endpoints, asked.openSflowRt) };
    await watchUntilStopped({ store, identity, namespace, leaseSeconds, network, sflowRt, address, log }, ending.signal);
  } finally {
    store.close();
  }
}

type Parts = Pick<Parameters<typeof startObserver>[0], 'store' | 'identity' | 'leaseSeconds'> & {
  namespace: string;
  network: Network;
  sflowRt: ListenAddress | undefined;
  address: ListenAddress | undefined;
  log: Logger;
};

async function watchUntilStopped({ network, sflowRt, address, ...parts }: Parts, signal: AbortSignal): Promise<void> {
  const { log } = parts;
  const stopping = new AbortController();
  const metrics = createObserverMetrics(
    packageFacts.version,
    () => readProcessUsage(process.pid),
    async () => await network.collector.opened()?.counters(),
  );
  const watch = async (store: Store, acting: AbortSignal): Promise<void> => {
    await watchNetwork({ store, network, sflowRt, log, metrics }, acting);
  };
  const options = { ...parts, clock: systemClock, random: Math.random, watch };
  const observer = startObserver(options, AbortSignal.any([signal, stopping.signal]));
  // Told below, where it is waited for.
  observer.ended.catch(() => undefined);
  let http: HttpServer | undefined;
  try {
    if (address) {
      http = await startHttpServer({
        listen: address,
        option: '--metrics',
        metrics,
        // A server that is silent is no reason to start this process anew: it is not ready then, and goes on trying.
        askStore: () => Promise.resolve(),
        readiness: () => {
          const failure = network.collector.failure();
          return observerReadiness(observer.facts(), failure === undefined ? undefined : messageOf(failure));
        },
      });
      log.info({ address: formatAddress(http.address) }, 'metrics and health are served');
    }
    await observer.ended;
  } finally {
    // The lease is given back, also when nobody told us to stop.
    stopping.abort('Stopped');
    await observer.ended.catch(() => undefined);
    await http?.close();
  }
}

type Watched = { store: Store; metrics: ObserverMetrics } & Pick<Parts, 'network' | 'sflowRt' | 'log'>;

async function watchNetwork({ store, network, sflowRt, log, metrics }: Watched, acting: AbortSignal): Promise<void> {
  const options = {
    ...{ store, network, clock: systemClock, random: Math.random },
    ...(sflowRt && { serveOver: (collector: Collector) => serveSflowRt(collector, sflowRt, log) }),
    onWatchTrouble: tellWatchTrouble({ log, clock: systemClock, metrics }),
    onError: (key: string, error: unknown, retryInMs: number): void => {
      if (acting.aborted) return;
      metrics.reconcileFailed(codeOf(error));
      log[codeOf(error) === 'Conflict' ? 'debug' : 'warn']({ key, code: codeOf(error), retryInMs }, messageOf(error));
    },
  };
  await watchForMonitors(options, acting);
}

/** Shorter ones would be lost by an API server that is only busy. */
function readSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 3 && seconds <= 3600) return seconds;
  throw new SquallError('InvalidInput', `--lease-seconds: expected a whole number from 3 to 3600, found '${text}'`);
}
