import { afterEach, describe, expect, it } from 'vitest';
import type { NodeTaskSpec } from '../../src/api/index.ts';
import { experiments, pods } from '../../src/control/index.ts';
import { type Machine, obedient, startMachine } from './machine.ts';
import { pod } from './world.ts';

const hypothesis = [
  {
    name: 'checkout-reaches-payments',
    connectivity: {
      layer: '4',
      source: { namespace: 'shop', name: 'checkout' },
      destinations: [{ kind: 'pod', namespace: 'shop', name: 'payments-0', port: '8080' }],
      timeout: '100ms',
    },
    tolerance: { lossPercent: 1 },
  },
];
const spec = {
  before: '1s',
  duration: '1s',
  after: '1s',
  fault: { targets: [{ kind: 'pod', namespace: 'shop', name: 'payments-0' }], configuration: { type: 'delay', value: '200ms' } },
};

let machine: Machine;
afterEach(async () => {
  await machine.stop();
});

/** How many tasks were given each order; one that is made anew counts anew. */
function countOrders(): Map<string, number> {
  const orders = new Map<string, number>();
  const seen = new Set<string>();
  machine.answer = (task) => {
    const { metadata, spec: work } = task;
    const given = `${metadata.uid ?? ''} ${work.order}`;
    if (!seen.has(given)) orders.set(work.order, (orders.get(work.order) ?? 0) + 1);
    seen.add(given);
    return obedient(task);
  };
  return orders;
}

/** The tasks that must not be answered for a run to stay in a phase; a phase that lasts by itself has none. */
const holding: Record<string, (work: NodeTaskSpec) => boolean> = {
  preflight: ({ work }) => work === 'preflight',
  inject: ({ work, order }) => work === 'fault' && order === 'apply',
  undo: ({ work, order }) => work === 'fault' && order === 'undo',
};

async function takeOverIn(phase: string): Promise<void> {
  machine.silent = ({ spec: work }) => holding[phase]?.(work) ?? false;
  await machine.untilPhase('run', phase);
  await machine.restartControl();
  machine.silent = () => false;
}

describe('a run that another control process takes over', () => {
  it.each(['preflight', 'before', 'inject', 'during', 'undo', 'after'])(
    'in %s ends as it would have, injected once and undone once',
    async (phase) => {
      machine = await startMachine(obedient, { takeover: 'continue' });
      const orders = countOrders();
      machine.silent = ({ spec: work }) => holding[phase]?.(work) ?? false;
      await machine.create(spec);
      await takeOverIn(phase);
      const { status } = await machine.untilDone('run');
      expect(status).toMatchObject({ verdict: 'Passed', reason: 'SteadyStateHeld', residue: 0 });
      expect(Object.fromEntries(orders)).toEqual({ apply: 1, undo: 1 });
    },
    60_000,
  );

  it('again and again, in every phase, is still measured whole', async () => {
    machine = await startMachine(obedient, { takeover: 'continue' });
    const orders = countOrders();
    machine.silent = ({ spec: { work } }) => work === 'preflight';
    await machine.create({ ...spec, duration: '3s', hypothesis });
    for (const phase of ['preflight', 'before', 'inject', 'during', 'undo', 'after', 'settle']) await takeOverIn(phase);
    const { status } = await machine.untilDone('run');
    expect(status).toMatchObject({ verdict: 'Passed', reason: 'SteadyStateHeld' });
    // Two streams of five probes a second, each second counted once however many processes have seen it.
    const { from = 0, to = 0 } = status?.run.windows.during ?? {};
    const wholeSeconds = Math.floor(to / 1000) - Math.ceil(from / 1000);
    expect(status?.run.results.map((result) => [result.phase, result.outcome, result.samples])).toEqual([
      ['before', 'held', 10],
      ['during', 'held', 10 * wholeSeconds],
      ['after', 'held', 10],
    ]);
    expect(Object.fromEntries(orders)).toEqual({ apply: 1, undo: 1 });
  }, 60_000);

  it('is cut off and undone when its spec can no longer be read', async () => {
    machine = await startMachine(obedient, { takeover: 'continue' });
    const created = await machine.create({ ...spec, duration: '10m' });
    await machine.untilPhase('run', 'during');
    const current = await machine.store.get(experiments, { namespace: 'shop', name: created.metadata.name });
    await machine.store.update(experiments, { ...current, spec: { nonsense: true } });
    await machine.restartControl();
    expect((await machine.untilDone('run')).status).toMatchObject({ verdict: 'Aborted', reason: 'Restarted', residue: 0 });
  }, 60_000);

  it('is cut off when it is not what was planned any more and nothing is touched yet', async () => {
    machine = await startMachine(obedient, { takeover: 'continue' });
    machine.silent = ({ spec: { work } }) => work === 'preflight';
    const selected = [{ kind: 'selector', namespace: 'shop', targetSelector: { matchLabels: { app: 'payments' } } }];
    await machine.create({ ...spec, fault: { ...spec.fault, targets: selected } });
    await machine.untilPhase('run', 'preflight');
    const another = pod('payments-9', 19, { app: 'payments' });
    const created = await machine.store.create(pods, another);
    await machine.store.updateStatus(pods, { ...created, status: another.status });
    await machine.restartControl();
    const { status } = await machine.untilDone('run');
    expect(status).toMatchObject({ verdict: 'Aborted', reason: 'Restarted', run: { touched: false } });
    expect(status?.message).toMatch(/what it would do now is not what was planned/);
    expect(machine.journal.some((entry) => entry.type === 'warning' && entry.message.includes("took over in 'preflight'"))).toBe(
      true,
    );
  });

  it('is undone when its fault went by itself while nobody was there', async () => {
    machine = await startMachine(obedient, { takeover: 'continue' });
    await machine.create({ ...spec, duration: '10m' });
    await machine.untilPhase('run', 'during');
    machine.answer = () => ({ phase: 'Clean', reason: 'LeaseExpired' });
    await machine.restartControl();
    expect((await machine.untilDone('run')).status).toMatchObject({ verdict: 'Aborted', reason: 'LeaseExpired', residue: 0 });
  }, 60_000);
});
