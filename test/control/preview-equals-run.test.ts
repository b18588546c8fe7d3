/** What a preview shows is what the run orders, and what an agent makes of the orders. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decidePreparation } from '../../src/agent/kernel/preparation.ts';
import type { LedgerEntry } from '../../src/agent/kernel/ledger.ts';
import type { FaultWork } from '../../src/api/index.ts';
import { type ExperimentObject, previewRun, type SpecReader } from '../../src/control/index.ts';
import { planOrRefuse } from '../../src/control/plan-or-refuse.ts';
import { assumedNode } from '../../src/control/preview-programs.ts';
import { readRunRequest } from '../../src/control/run-request.ts';
import { renderGate, renderTree } from '../../src/faults/index.ts';
import { SquallError } from '../../src/lib/index.ts';
import { made, now, worldOf } from './radius.ts';
import { pod } from './world.ts';

const reader: SpecReader = { get: () => Promise.reject(new SquallError('NotFound', 'nothing is referred to')) };

const somePods = fc
  .array(
    fc.record({
      owner: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
      node: fc.constantFrom('n1', 'n2', 'n3'),
      namespace: fc.constantFrom('shop', 'bank'),
      app: fc.constantFrom('web', 'db'),
      phase: fc.constantFrom('Running', 'Running', 'Running', 'Failed'),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((drawn) =>
    drawn.map(({ app, phase, ...facts }, index) => {
      const one = made(`pod-${String(index)}`, index + 10, facts);
      return { ...one, metadata: { ...one.metadata, labels: { app } }, status: { ...one.status, phase } };
    }),
  );
const mode = fc.oneof(
  fc.constantFrom({ mode: 'all' }, { mode: 'one' }),
  fc.integer({ min: 1, max: 5 }).map((value) => ({ mode: 'fixed', value: String(value) })),
  fc.integer({ min: 1, max: 100 }).map((value) => ({ mode: 'fixed-percent', value: String(value) })),
);
const target = fc
  .tuple(fc.constantFrom('shop', 'bank'), fc.constantFrom('web', 'db'), mode)
  .map(([namespace, app, chosen]) => ({ kind: 'selector', namespace, targetSelector: { matchLabels: { app } }, ...chosen }));
const configuration = fc.constantFrom(
  { type: 'delay', device: 'eth0', value: '200ms' },
  { type: 'delay', device: 'eth0', value: '50ms', jitter: '5ms' },
  { type: 'loss', device: 'eth0', value: '10%' },
  { type: 'partition', device: 'eth0' },
  { type: 'rate', device: 'eth0', value: '1mbit' },
);
const peers = fc.constantFrom(
  undefined,
  [{ kind: 'cidr', cidr: '192.0.2.0/24', port: 443 }],
  [{ kind: 'pod', namespace: 'shop', name: 'checkout' }],
);
const hypothesis = [
  {
    name: 'reaches',
    connectivity: {
      layer: '3',
      source: { namespace: 'shop', name: 'checkout' },
      destinations: [{ kind: 'selector', namespace: 'shop', targetSelector: { matchLabels: { app: 'web' } } }],
    },
  },
];

/** Where nobody else has anything. */
const observation = { qdiscs: [], objects: [], links: [{ ifname: 'eth0', ifindex: 2, mtu: assumedNode.mtu }] };

/** What the agent of a node renders, with what it is ordered to do to a pod one after the other. */
function programByAgent(podUid: string, works: readonly FaultWork[]): { tree: string[]; gate: string } {
  const { instance, driver, egress } = assumedNode;
  const namespace = { podUid, path: '/run/netns/x', inode: 1 };
  const entry = works.reduce<LedgerEntry | undefined>(
    (before, work) =>
      decidePreparation({ instance, bootId: 'boot', namespace, work, observation, entry: before, driver, egress }),
    undefined,
  );
  if (entry === undefined) throw new Error('nothing was ordered');
  return { tree: entry.plan.trees.flatMap(renderTree), gate: renderGate(entry.plan.gate) };
}

it('targets, trees and gates are those of the run, whatever pods, selectors, modes, seeds and faults there are', async () => {
  let [planned, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      somePods,
      fc.array(target, { minLength: 1, maxLength: 2 }),
      configuration,
      peers,
      fc.boolean(),
      fc.string({ minLength: 1, maxLength: 20 }),
      async (pods, targets, drawn, to, measures, seed) => {
        const spec = {
          ...{ before: '1s', duration: '20s', after: '1s', seed },
          fault: { targets, configuration: drawn, lease: '9s', ...(to === undefined ? {} : { peers: to }) },
          ...(measures ? { hypothesis } : {}),
        };
        const metadata = { name: 'run', namespace: 'shop', uid: '11111111-2222-4333-8444-555555555555' };
        const object = { metadata, spec } as unknown as ExperimentObject;
        const world = worldOf([pod('checkout', 1), ...pods]);
        const preview = await previewRun(reader, object, { world, now, drawnSeed: 'other' });
        // As the reconciler plans it.
        const run = await readRunRequest(reader, object, '0123abcd', 'another').then(
          (request) => planOrRefuse(request, world, now),
          (error: unknown) => ({ kind: 'unreadable' as const, error }),
        );
        if (run.kind !== 'planned') {
          refused += 1;
          expect(preview).toHaveProperty('refusal');
          return;
        }
        if ('refusal' in preview) throw new Error(`only the preview refuses: ${preview.refusal.message}`);
        planned += 1;
        const ordered = run.tasks.fault.flatMap(({ spec: { node, targets: all, fault } }) =>
          all.map(({ namespace, name, podUid }) => ({ namespace, name, node, podUid, fault })),
        );
        expect(preview.hurt).toMatchObject(ordered.map(({ namespace, name, node }) => ({ namespace, name, node })));
        for (const [index, { podUid }] of ordered.entries()) {
          const works = ordered.flatMap((one) => (one.podUid === podUid && one.fault !== undefined ? [one.fault] : []));
          expect(preview.programs[preview.hurt[index]?.program ?? -1]).toEqual(programByAgent(podUid, works));
        }
      },
    ),
    { numRuns: 800 },
  );
  expect(planned).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(20);
}, 120_000);
