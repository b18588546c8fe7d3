/** Installs Squall's definitions, roles and policies as the chart has them. */
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../../src/lib/index.ts';
import type { Client } from './client.ts';

const chart = fileURLToPath(new URL('../../../charts/squall', import.meta.url));

/** Applied on the server's side, so that a second time changes nothing. Resolves once every policy is in force. */
export async function installSquall(admin: Client): Promise<void> {
  await installDefinitions(admin);
  const { code, stdout, stderr } = await runProgram(admin.helm, ['template', 'squall', chart], { env: admin.env });
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  await admin.must(['apply', '--server-side', '-f', '-'], stdout);
  await untilPoliciesAct(admin);
}

/** Resolves once every kind is served. */
export async function installDefinitions(admin: Client): Promise<void> {
  await admin.must(['apply', '--server-side', '-f', `${chart}/crds`]);
  await admin.must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
}

/** The API server takes a moment to compile a policy: until then it lets through what the policy is to refuse. */
async function untilPoliciesAct(admin: Client): Promise<void> {
  const until = Date.now() + 60_000;
  const task = JSON.stringify(nodeTask('probe-of-the-policy', 'anywhere'));
  for (;;) {
    const { stderr } = await admin.kubectl(['create', '--dry-run=server', '-f', '-'], task);
    if (stderr.includes('expected the account squall-operator')) return;
    if (Date.now() > until) throw new Error(`the policies do not act: ${stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A token as the kubelet gives it to a pod of this account on that node. Makes the pod; no kubelet starts it. */
export async function serviceAccountToken(admin: Client, account: string, node: string): Promise<string> {
  const name = `${account}-${node}`;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'squall-system' },
    spec: { nodeName: node, serviceAccountName: account, containers: [{ name: 'main', image: 'none' }] },
  };
  await admin.must(['apply', '-f', '-'], JSON.stringify(pod));
  const bound = ['--bound-object-kind=Pod', `--bound-object-name=${name}`, '--duration=1h'];
  return (await admin.must(['create', 'token', account, '-n', 'squall-system', ...bound])).trim();
}

/** An order that the operator could give. */
export function nodeTask(name: string, node: string): object {
  return {
    apiVersion: 'networkmachinery.io/v1alpha1',
    kind: 'NodeTask',
    metadata: { name, namespace: 'squall-system', labels: { 'squall.networkmachinery.io/node': node } },
    spec: {
      node,
      run: { uid: '00000000-0000-4000-8000-000000000000', namespace: 'own', name: 'run' },
      work: 'preflight',
      instance: '0123abcd',
      generation: 1,
      order: 'apply',
      targets: [],
      checks: [],
      lease: { name: 'run', seconds: 30 },
      notAfter: '2099-01-01T00:00:00.000Z',
    },
  };
}
