import { describe, expect, it } from 'vitest';
import { type ContainerObservation, describeLab } from '../../src/lab/describe.ts';
import { parseTopology } from '../../src/lab/index.ts';
import { planLab } from '../../src/lab/plan.ts';

const topology = parseTopology(
  `
apiVersion: v1
kind: Pod
metadata: { name: a, labels: { app: x } }
spec: { containers: [{ name: one, command: [x] }, { name: two, command: [x] }] }
---
apiVersion: v1
kind: Service
metadata: { name: x }
spec: { selector: { app: x }, ports: [{ port: 80 }] }
`,
  'test.yaml',
  '/',
);
let uids = 0;
const plan = planLab(topology, { instance: '0a0b0c0d', now: 0, newUid: () => `uid-${String((uids += 1))}`, baseEnvironment: {} });

const running = (ready: boolean): ContainerObservation => ({ state: 'running', ready });
const ended = (exitCode?: number | null): ContainerObservation => ({ state: 'ended', exitCode });
const waiting: ContainerObservation = { state: 'waiting' };

describe('describeLab', () => {
  it.each([
    ['both run and are ready', running(true), running(true), 'Running', 'True'],
    ['one is not ready', running(true), running(false), 'Running', 'False'],
    ['one was not started', running(true), waiting, 'Pending', 'False'],
    ['both ended well', ended(0), ended(0), 'Succeeded', 'False'],
    ['one ended well', running(true), ended(0), 'Running', 'False'],
    ['one failed', running(true), ended(2), 'Failed', 'False'],
    ['one was killed', ended(null), ended(0), 'Failed', 'False'],
    ['one ended unseen', running(true), ended(), 'Failed', 'False'],
  ])('knows a pod of two containers of which %s', (_, one, two, phase, ready) => {
    const lab = describeLab(plan, { [`${plan.pods[0]?.uid ?? ''}/one`]: one, [`${plan.pods[0]?.uid ?? ''}/two`]: two });
    expect(lab.pods[0]?.status?.phase).toBe(phase);
    expect(lab.pods[0]?.status?.conditions.find(({ type }) => type === 'Ready')?.status).toBe(ready);
    const readyEndpoints = lab.endpointSlices.flatMap(({ endpoints }) => endpoints.map(({ conditions }) => conditions.ready));
    expect(readyEndpoints).toEqual([ready === 'True', ready === 'True']);
  });

  it('names the node, its addresses in both families and every namespace', () => {
    const lab = describeLab(plan, {});
    expect(lab.nodes[0]).toMatchObject({
      metadata: { name: 'lab' },
      status: { addresses: [{ address: '10.88.0.1' }, { address: 'fd53:7175:616c:1::1' }, { type: 'Hostname', address: 'lab' }] },
    });
    expect(lab.namespaces.map(({ metadata }) => metadata.name)).toEqual(['default']);
    expect(lab.pods[0]).toMatchObject({ spec: { nodeName: 'lab' }, status: { podIP: '10.88.0.2', hostIP: '10.88.0.1' } });
  });
});
