/** A node of the cluster that is this machine itself, whose kernel has no netem: the real agent, and pods that are namespaces of the lab's kind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runProgram } from '../../../src/lib/index.ts';
import type { Client } from './client.ts';
import { serviceAccountToken } from './install.ts';
import { kubeconfigText } from './kubeconfig.ts';

export type HostNode = AsyncDisposable & {
  startPod(pod: { namespace: string; name: string; app: string }): Promise<void>;
  /** All that its agent has said. */
  words(): string;
};

async function ip(...args: string[]): Promise<void> {
  const { code, stderr } = await runProgram('ip', args);
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}

export async function startHostNode(admin: Client, plane: { url: string; ca: string }, name: string): Promise<HostNode> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-host-node-'));
  const made: string[] = [];
  await admin.must(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name } }));
  const kubeconfig = join(folder, 'kubeconfig');
  const token = await serviceAccountToken(admin, 'squall-agent', name);
  writeFileSync(kubeconfig, kubeconfigText({ ...plane, token }), { mode: 0o600 });
  const options = ['--kubeconfig', kubeconfig, '--state', join(folder, 'state'), '--listen', 'none', '--namespaces', 'named'];
  const agent = spawn(process.execPath, [resolve('bin/squall.js'), 'agent', '--node', name, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  for (const stream of [agent.stdout, agent.stderr]) stream.on('data', (data: Buffer) => (words += data.toString()));
  return {
    words: () => words,
    startPod: async ({ namespace, name: pod, app }) => {
      const object = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: pod, namespace, labels: { app } },
        spec: { nodeName: name, containers: [{ name: 'main', image: 'none' }], terminationGracePeriodSeconds: 0 },
      };
      await admin.must(['apply', '-f', '-'], JSON.stringify(object));
      const uid = await admin.must(['get', 'pod', pod, '-n', namespace, '-o', 'jsonpath={.metadata.uid}']);
      const netns = `squall-${uid}`;
      await ip('netns', 'add', netns);
      made.push(netns);
      await ip('-n', netns, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'outside');
      for (const device of ['eth0', 'outside']) await ip('-n', netns, 'link', 'set', device, 'up');
      const address = `10.67.0.${String(made.length)}`;
      await ip('-n', netns, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }] };
      const patch = JSON.stringify({ status });
      await admin.must(['patch', 'pod', pod, '-n', namespace, '--subresource=status', '--type=merge', '-p', patch]);
    },
    [Symbol.asyncDispose]: async () => {
      if (agent.exitCode === null && agent.signalCode === null) {
        const ended = once(agent, 'exit');
        agent.kill('SIGTERM');
        await ended;
      }
      for (const netns of made) await ip('netns', 'del', netns);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
