import { expect, it } from 'vitest';
import { describeTopology, parseTopology } from '../../src/lab/index.ts';

const text = `
apiVersion: v1
kind: Pod
metadata: { name: a, labels: { app: x } }
spec: { containers: [{ name: one, command: [x] }] }
---
apiVersion: v1
kind: Service
metadata: { name: x }
spec: { selector: { app: x }, ports: [{ port: 80 }] }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: x }
spec: { selector: { matchLabels: { app: x } }, maxUnavailable: 50% }
`;

it('tells what a lab would be: every pod running, with its address, and nothing of it made', () => {
  const lab = describeTopology(parseTopology(text, 'test.yaml', '/'), 0);
  expect(lab.pods.map(({ metadata, status }) => [metadata.name, status?.phase, status?.podIP])).toEqual([
    ['a', 'Running', '10.88.0.2'],
  ]);
  expect(lab.services.map(({ spec }) => spec.clusterIPs.length)).toEqual([2]);
  expect(lab.nodes).toHaveLength(1);
  const spec = { selector: { matchLabels: { app: 'x' } }, maxUnavailable: '50%' };
  expect(lab.budgets).toMatchObject([{ metadata: { name: 'x', namespace: 'default' }, spec }]);
});
