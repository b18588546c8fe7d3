/** A node of the cluster in a guest machine, whose kernel has netem; see node/main.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { bundle } from '../../../scripts/bundle.ts';
import { hostAddress, startGuest } from '../../../src/lab/guest/index.ts';
import type { Client } from './client.ts';
import { serviceAccountToken } from './install.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { agentAnnotation, type Sandbox, sandboxMark } from './node/words.ts';

export type ClusterNode = AsyncDisposable & {
  name: string;
  /** Starts the agent, or ends it with kill -9. */
  orderAgent(order: 'run' | 'killed'): Promise<void>;
  /** What is in a pod's network namespace, as the node told it last. It needs no API server to tell. */
  sandbox(namespace: string, pod: string): Sandbox | undefined;
  /** All that the node and its agent have said. */
  words(): string;
};

const startLimitMs = 120_000;

export async function startNode(
  admin: Client,
  plane: { url: string; ca: string; token: string },
  name: string,
): Promise<ClusterNode> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-node-'));
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
  await admin.must(['apply', '-f', '-'], JSON.stringify(node));
  await bundle({ node: resolve('test/cluster/server/node/main.ts') }, folder);
  // The certificate is for the host's own names.
  const server = { url: plane.url.replace('127.0.0.1', hostAddress), ca: plane.ca, serverName: 'kubernetes' };
  const fileFor = (user: string, token: string): string => {
    const file = join(folder, `${user}.kubeconfig`);
    writeFileSync(file, kubeconfigText({ ...server, token }), { mode: 0o600 });
    return file;
  };
  const own = fileFor('node', plane.token);
  const agent = fileFor('agent', await serviceAccountToken(admin, 'squall-agent', name));
  let words = '';
  const sandboxes = new Map<string, Sandbox>();
  const isReady = Promise.withResolvers<unknown>();
  const hear = (data: Buffer): void => {
    words += data.toString();
    if (words.includes('node: ready')) isReady.resolve(undefined);
  };
  let line = '';
  const hearSandboxes = (data: Buffer): void => {
    const lines = (line + data.toString()).split('\n');
    line = lines.pop() ?? '';
    for (const said of lines.filter((one) => one.startsWith(sandboxMark))) {
      const seen = JSON.parse(said.slice(sandboxMark.length)) as Sandbox;
      sandboxes.set(seen.pod, seen);
    }
  };
  const ending = new AbortController();
  const path = `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  const guest = await startGuest({
    command: [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      join(folder, 'node.js'),
      name,
      own,
      agent,
      resolve('bin/squall.js'),
      '/var/lib/squall-agent',
    ],
    cwd: folder,
    env: { ...process.env, PATH: path },
    writable: [],
    reachesHost: true,
    onStdout: (data) => {
      hear(data);
      hearSandboxes(data);
    },
    onStderr: hear,
    signal: ending.signal,
  });
  guest.exitCode.catch(() => undefined);
  guest.exitCode.then(
    (code) => {
      isReady.reject(new Error(`the node ended with ${String(code)}: ${words}`));
    },
    (error: unknown) => {
      isReady.reject(error);
    },
  );
  const annotate = async (order: string): Promise<void> => {
    await admin.must(['annotate', 'node', name, '--overwrite', `${agentAnnotation}=${order}`]);
  };
  const late = setTimeout(() => {
    isReady.reject(new Error(`the node was not ready within ${startLimitMs} ms: ${words}`));
  }, startLimitMs);
  try {
    await isReady.promise;
  } catch (error) {
    ending.abort();
    throw error;
  } finally {
    clearTimeout(late);
  }
  return {
    name,
    orderAgent: annotate,
    sandbox: (namespace, pod) => sandboxes.get(`${namespace}/${pod}`),
    words: () => words,
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await guest.exitCode.catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
