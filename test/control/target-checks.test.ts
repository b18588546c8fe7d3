import { describe, expect, it } from 'vitest';
import { excludeLabel, includeLabel } from '../../src/api/index.ts';
import { planOrRefuse, type PlaceRules } from '../../src/control/plan-or-refuse.ts';
import { keepNamespace, keepPod, type Namespace, type Node, type Pod, type World } from '../../src/control/world.ts';
import { pod, request, world } from './world.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
type Bend = {
  metadata?: Partial<Pod['metadata']>;
  spec?: Partial<Pod['spec']>;
};

/** One pod of payments, bent; the others are as they are. */
function withPod({ metadata, spec }: Bend): World {
  const pods = world.pods.map((one) =>
    one.metadata.name === 'payments-0'
      ? { ...one, metadata: { ...one.metadata, ...metadata }, spec: { ...one.spec, ...spec } }
      : one,
  );
  return { ...world, pods };
}

const labelled = (labels: Record<string, string>) => withPod({ metadata: { labels: { app: 'payments', ...labels } } });
const shop = (labels: Record<string, string>): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels },
  spec: {},
});
const inShop = (labels: Record<string, string>): World => ({ ...world, namespaces: [shop(labels)] });
function onNode(status: string): World {
  const nodes: Node[] = world.nodes.map((node) => ({
    ...node,
    status: {
      ...node.status,
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status },
      ],
    },
  }));
  return { ...world, nodes };
}
const refusalOf = (where: World, rules?: PlaceRules) => {
  const found = planOrRefuse(request(), where, now, rules);
  return found.kind === 'planned' ? undefined : found;
};

describe('a run is refused as a whole when a pod that is selected', () => {
  it.each<[string, World, PlaceRules, RegExp]>([
    [
      'is in the network of its node',
      withPod({ spec: { hostNetwork: true } }),
      {},
      /HostNetwork: .* whole node; select pods with/,
    ],
    [
      'is being deleted',
      withPod({ metadata: { deletionTimestamp: '2025-12-31T23:59:50Z' } }),
      {},
      /Terminating: it is being deleted since 2025-12-31T23:59:50Z; wait/,
    ],
    [
      'is on a node that is not ready',
      onNode('False'),
      {},
      /NodeNotReady: its node 'lab' has the condition Ready False; expected/,
    ],
    ['is on a node of which nobody knows', onNode('Unknown'), {}, /NodeNotReady: its node 'lab' has the condition Ready Unknown/],
    ['is opted out', labelled({ [excludeLabel]: 'true' }), {}, /OptedOut: its label squall.networkmachinery.io\/exclude says so/],
    ['is opted out in words of its own', labelled({ [excludeLabel]: 'yes' }), {}, /OptedOut/],
    ['is in a namespace that is opted out', inShop({ [excludeLabel]: 'true' }), {}, /OptedOut: the label of its namespace/],
    [
      'says no for itself where its namespace is opted out',
      { ...labelled({ [excludeLabel]: 'false' }), namespaces: [shop({ [excludeLabel]: 'true' })] },
      {},
      /OptedOut: the label of its namespace/,
    ],
    [
      'is in a protected namespace',
      world,
      { protectedNamespaces: ['kube-system', 'shop'] },
      /ProtectedNamespace: namespace 'shop'/,
    ],
    ['is not opted in', labelled({ [includeLabel]: 'false' }), { optIn: true }, /NotOptedIn: .*include: "true".*; set it/],
    [
      'is opted in, and opted out',
      { ...labelled({ [excludeLabel]: 'true' }), namespaces: [shop({ [includeLabel]: 'true' })] },
      { optIn: true },
      /payments-0 is selected and must not be hurt: OptedOut/,
    ],
  ])('%s', (_, where, rules, message) => {
    expect(refusalOf(where, rules)).toMatchObject({
      kind: 'refused',
      reason: 'TargetNotAllowed',
      message: expect.stringMatching(message) as string,
    });
  });

  it('has several reasons, which are all told, with the names of at most five pods', () => {
    const many = Array.from({ length: 7 }, (_, index) => pod(`web-${index}`, 40 + index, { app: 'payments' }));
    const pods = many.map((one) => ({ ...one, spec: { ...one.spec, hostNetwork: true } }));
    const { message = '' } = refusalOf({ ...world, pods: [...world.pods, ...pods] }, { protectedNamespaces: ['shop'] }) ?? {};
    expect(message.match(/is selected/g)).toHaveLength(5);
    expect(message).toMatch(/and 4 more$/);
    expect(message).toContain('HostNetwork: ');
    expect(message).toContain('; ProtectedNamespace: ');
  });
});

describe('a run is planned', () => {
  it.each<[string, World, PlaceRules]>([
    ['on a node that is ready', onNode('True'), {}],
    ['in a namespace that nobody protects', world, { protectedNamespaces: ['kube-system'] }],
    ['on a pod that says that it is not opted out', labelled({ [excludeLabel]: 'false' }), {}],
    ['in a namespace that is opted in', inShop({ [includeLabel]: 'true' }), { optIn: true }],
    [
      'beside a pod that must not be hurt, and is not selected',
      {
        ...world,
        pods: world.pods.map((one) => (one.metadata.name === 'db' ? { ...one, spec: { ...one.spec, hostNetwork: true } } : one)),
      },
      {},
    ],
  ])('%s', (_, where, rules) => {
    expect(refusalOf(where, rules)).toBeUndefined();
  });
});

it('keeps of pods and namespaces what the checks ask for', () => {
  const stored = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'rs', controller: true };
  const other = { ...owner, kind: 'Node', uid: 'other', controller: false };
  const whole = pod('web', 1);
  const kept = keepPod({
    ...whole,
    metadata: { ...whole.metadata, ...stored, deletionTimestamp: '2026-01-01T00:00:01Z', ownerReferences: [other, owner] },
    spec: { ...whole.spec, hostNetwork: true },
  });
  expect(kept).toMatchObject({
    metadata: {
      creationTimestamp: stored.creationTimestamp,
      deletionTimestamp: '2026-01-01T00:00:01Z',
      ownerReferences: [owner],
    },
    spec: { hostNetwork: true },
  });
  const namespace = shop({ [excludeLabel]: 'true' });
  const bare = keepNamespace({ ...namespace, metadata: { ...namespace.metadata, ...stored, annotations: { large: 'x' } } });
  expect(bare.metadata).toEqual({ name: 'shop', ...stored, labels: { [excludeLabel]: 'true' } });
});
