import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Command } from 'commander';
import pino, { type Logger } from 'pino';
import { systemNamespace } from '../../api/index.ts';
import { clusterInstance, connectToCluster, operatorReadiness, protectedByDefault, startOperator } from '../../cluster/index.ts';
import { SquallError, systemClock } from '../../lib/index.ts';
import { createMetrics, formatAddress, type HttpServer, startHttpServer } from '../../server/index.ts';
import { createStore } from '../../store/index.ts';
import packageFacts from '../../../package.json' with { type: 'json' };
import { endingSignal } from '../ending-signal.ts';
import { createHeartbeat } from '../serve/heartbeat.ts';
import { readTargetRules, type TargetOptions, withTargetOptions } from '../operate/target-options.ts';
import { parseListenAddress } from '../serve/listen-address.ts';

type OperatorCommandOptions = TargetOptions & {
  kubeconfig?: string;
  context?: string;
  listen: string;
  namespace: string;
  leaseSeconds: string;
};

/** Exit code 0 when it was told to stop; what goes on then is for the next leader. */
export function operatorCommand(): Command {
  return withTargetOptions(new Command('operator'), protectedByDefault)
    .description('run the experiments and schedules of a cluster; one of several operators leads, the others stand by')
    .option(
      '--kubeconfig <file>',
      "how to reach the cluster; without it KUBECONFIG, ~/.kube/config, or the pod's service account",
    )
    .option('--context <name>', "of the kubeconfig's contexts, which; without it the current one")
    .option('--listen <address>', "HTTP for metrics and health; port 0 draws one, 'none' serves none", '127.0.0.1:9464')
    .option('--namespace <namespace>', "where the election's Lease is", systemNamespace)
    .option(
      '--lease-seconds <seconds>',
      'how long a leader that is gone is waited for; leases of faults are at least three times as long',
      '10',
    )
    .action(async (options: OperatorCommandOptions) => {
      await operate(options);
    });
}

async function operate({
  kubeconfig,
  context,
  listen,
  namespace,
  leaseSeconds: seconds,
  ...rest
}: OperatorCommandOptions): Promise<void> {
  const address = parseListenAddress(listen);
  const leaseSeconds = readSeconds(seconds);
  const targets = readTargetRules(rest);
  const log = pino({ level: process.env.SQUALL_LOG ?? 'info', base: null }, pino.destination({ fd: 2, sync: true }));
  const cluster = await connectToCluster({ ...(kubeconfig ? { kubeconfig } : {}), ...(context ? { context } : {}) });
  const store = createStore(cluster.transport);
  using ending = endingSignal({ reason: 'Stopped' });
  try {
    const instance = await clusterInstance(store);
    const identity = `${hostname()}_${randomUUID()}`;
    log.info({ server: cluster.server, instance, identity, targets }, 'standing for election');
    await runUntilStopped({ store, instance, identity, namespace, leaseSeconds, targets, address, log }, ending.signal);
  } finally {
    store.close();
  }
}

type Parts = Pick<Parameters<typeof startOperator>[0], 'store' | 'instance' | 'identity' | 'leaseSeconds' | 'targets'> & {
  namespace: string;
  address: ReturnType<typeof parseListenAddress>;
  log: Logger;
};

async function runUntilStopped({ address, log, ...parts }: Parts, signal: AbortSignal): Promise<void> {
  const stopping = new AbortController();
  const metrics = createMetrics(packageFacts.version);
  const heartbeat = createHeartbeat(systemClock, (count) => {
    metrics.heartbeatsMissed(count);
  });
  const options = { ...parts, log, metrics, heartbeat, clock: systemClock, random: Math.random };
  const operator = startOperator(options, AbortSignal.any([signal, stopping.signal]));
  // Told below, where it is waited for.
  operator.ended.catch(() => undefined);
  let http: HttpServer | undefined;
  try {
    if (address) {
      http = await startHttpServer({
        listen: address,
        metrics,
        // A server that is silent is no reason to start this process anew: it is not ready then, and goes on trying.
        askStore: () => Promise.resolve(),
        readiness: () => operatorReadiness(operator.facts()),
      });
      log.info({ address: formatAddress(http.address) }, 'metrics and health are served');
    }
    await operator.ended;
  } finally {
    // The lease is given back, also when nobody told us to stop.
    stopping.abort('Stopped');
    await operator.ended.catch(() => undefined);
    await http?.close();
  }
}

/** Shorter ones would be lost by an API server that is only busy. */
function readSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 3 && seconds <= 3600) return seconds;
  throw new SquallError('InvalidInput', `--lease-seconds: expected a whole number from 3 to 3600, found '${text}'`);
}
