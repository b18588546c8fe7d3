import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkMetrics, findPrometheus, startPrometheus } from './prometheus.ts';
import { eventually, type Serving, startServe } from './process.ts';

const refused = `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkExperiment
metadata: {name: nobody, namespace: shop}
spec:
  duration: 2s
  fault:
    targets: [{kind: selector, namespace: shop, targetSelector: {matchLabels: {app: nobody}}}]
    configuration: {type: delay, device: eth0, value: 100ms}
`;

let root: string;
let serving: Serving;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'squall-serve-'));
  mkdirSync(join(root, 'folder'));
  serving = startServe(join(root, 'folder'), join(root, 'state'), '--listen', '127.0.0.1:0');
});
afterEach(async () => {
  serving.process.kill('SIGTERM');
  await serving.ended;
  serving.store.close();
  rmSync(root, { recursive: true });
});

it('serve is scraped by a real Prometheus, which finds nothing wrong with its metrics', async () => {
  const programs = await findPrometheus();
  const line = await serving.logged(/metrics and health are served/);
  const { address } = JSON.parse(line) as { address: string };
  expect(await checkMetrics(programs, await (await fetch(`http://${address}/metrics`)).text())).toBe('');
  await using prometheus = await startPrometheus(programs, address);
  writeFileSync(join(root, 'folder', 'nobody.yaml'), refused);
  const runs = await eventually('the run in Prometheus', async () => {
    const found = await prometheus.query('squall_runs_total{verdict="Refused",reason="NoTarget"} == 1');
    return found.length > 0 ? found : undefined;
  });
  expect(runs).toMatchObject([{ metric: { job: 'squall', instance: address }, value: 1 }]);
  expect(await prometheus.query('up')).toMatchObject([{ value: 1 }]);
  expect(await prometheus.query('sum(squall_residue)')).toMatchObject([{ value: 0 }]);
}, 180_000);
