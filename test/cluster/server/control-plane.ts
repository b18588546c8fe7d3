/** A real Kubernetes control plane on loopback for tests: etcd, the API server and the controllers that delete what is owned. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../src/lib/index.ts';
import { transportFor } from '../../../src/store/index.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { bearer, kubeconfigText } from './kubeconfig.ts';

/** What test files need of it; plain data, so that it can be handed to their processes. */
export type SharedPlane = {
  url: string;
  /** PEM of the authority that signed the API server's certificate. */
  ca: string;
  /** Of a user who may do everything. */
  token: string;
  /** A file, for the same user. */
  kubeconfig: string;
  programs: { kubectl: string; helm: string };
};

export type ControlPlane = AsyncDisposable &
  SharedPlane & {
    /** Only the API server ends; what it has stored stays. */
    stopApiServer(): Promise<void>;
    startApiServer(): Promise<void>;
    /** Lets etcd forget everything that is older than this resourceVersion; an API server still has in memory what it has seen. */
    compact(resourceVersion: string): Promise<void>;
  };

const startLimitMs = 60_000;
const adminToken = 'admin-of-the-tests';

export async function startControlPlane(say: (text: string) => void = () => undefined): Promise<ControlPlane> {
  const binaries = await findBinaries(say);
  const folder = mkdtempSync(join(tmpdir(), 'squall-cluster-'));
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const processes = new Map<string, ChildProcess>();
  const run = (name: string, [program = '', ...args]: string[]): void => {
    const log = openSync(join(folder, `${name}.log`), 'a');
    processes.set(name, spawn(program, args, { cwd: folder, stdio: ['ignore', log, log] }));
    closeSync(log);
  };
  const end = async (name: string): Promise<void> => {
    const child = processes.get(name);
    processes.delete(name);
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const certificates = join(folder, 'certificates');
  mkdirSync(certificates);
  writeFileSync(join(folder, 'tokens.csv'), `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 });
  const accountKey = join(folder, 'accounts.key');
  execFileSync('openssl', ['genrsa', '-out', accountKey, '2048'], { stdio: 'ignore' });
  const url = `https://127.0.0.1:${port}`;
  const api = apiServerCommand(binaries, { folder, port, etcdPort, accountKey });

  run('etcd', etcdCommand(binaries, folder, etcdPort, peerPort));
  run('api-server', api);
  const dispose = async (): Promise<void> => {
    for (const name of [...processes.keys()].reverse()) await end(name);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ca = await certificateOf(join(certificates, 'apiserver.crt'));
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigText({ url, ca, token: adminToken }), { mode: 0o600 });
    await untilReady(url, ca, () => tail(join(folder, 'api-server.log')));
    run('controllers', [...binaries.controllers, '--kubeconfig', kubeconfig]);
    return {
      url,
      ca,
      token: adminToken,
      kubeconfig,
      programs: { kubectl: binaries.kubectl, helm: binaries.helm },
      stopApiServer: async () => {
        await end('api-server');
      },
      startApiServer: async () => {
        run('api-server', api);
        await untilReady(url, ca, () => tail(join(folder, 'api-server.log')));
      },
      compact: async (resourceVersion) => {
        await compactEtcd(etcdPort, resourceVersion);
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function etcdCommand({ etcd }: Binaries, folder: string, port: number, peerPort: number): string[] {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  return [
    ...etcd,
    ...['--data-dir', join(folder, 'etcd'), '--log-level', 'warn', '--unsafe-no-fsync'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
  ];
}

/** Of an API server a resourceVersion is etcd's revision. */
async function compactEtcd(port: number, revision: string): Promise<void> {
  const body = JSON.stringify({ revision, physical: true });
  const signal = AbortSignal.timeout(30_000);
  const answer = await fetch(`http://127.0.0.1:${port}/v3/kv/compaction`, { method: 'POST', body, signal });
  if (!answer.ok) throw new Error(`etcd: HTTP ${answer.status}: ${await answer.text()}`);
}

function apiServerCommand(
  { apiServer }: Binaries,
  { folder, port, etcdPort, accountKey }: { folder: string; port: number; etcdPort: number; accountKey: string },
): string[] {
  return [
    ...apiServer,
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--secure-port=${port}`],
    ...[`--cert-dir=${join(folder, 'certificates')}`, `--token-auth-file=${join(folder, 'tokens.csv')}`],
    ...[`--service-account-key-file=${accountKey}`, `--service-account-signing-key-file=${accountKey}`],
    ...['--service-account-issuer=https://kubernetes.default.svc', '--authorization-mode=Node,RBAC'],
    // The service kubernetes would have to point at an address that is not loopback.
    ...['--service-cluster-ip-range=10.0.0.0/24', '--endpoint-reconciler-type=none', '--allow-privileged=true'],
    '--profiling=false',
  ];
}

async function certificateOf(file: string): Promise<string> {
  const until = Date.now() + startLimitMs;
  for (;;) {
    try {
      const text = readFileSync(file, 'utf8');
      if (text.trimEnd().endsWith('-----END CERTIFICATE-----')) return text;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await sleep(100);
  }
}

async function untilReady(url: string, ca: string, lastWords: () => string): Promise<void> {
  const transport = transportFor(bearer({ url, ca }, adminToken));
  const until = Date.now() + startLimitMs;
  try {
    for (;;) {
      const signal = AbortSignal.timeout(5000);
      const answer = await transport.send({ method: 'GET', path: '/readyz', signal }).then(
        (response) => {
          response.resume();
          return `HTTP ${String(response.statusCode)}`;
        },
        (error: unknown) => `${messageOf(error)} (${messageOf((error as Error).cause)})`,
      );
      if (answer === 'HTTP 200') return;
      if (Date.now() > until)
        throw new Error(`the API server was not ready within ${startLimitMs} ms (${answer}): ${lastWords()}`);
      await sleep(200);
    }
  } finally {
    transport.close();
  }
}

/** Ports that nobody listened on a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(
    servers.map(async (server) => {
      await once(server.close(), 'close');
    }),
  );
  return ports;
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').slice(-2000);
}
