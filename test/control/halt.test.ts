import { afterEach, describe, expect, it } from 'vitest';
import { apiVersion, systemNamespace } from '../../src/api/index.ts';
import { experiments, halts, nodeTasks } from '../../src/control/index.ts';
import { type Machine, startMachine, shortRun as spec } from './machine.ts';
import { key, type ScheduleWorld, start, startScheduleWorld } from './schedules.ts';

const long = { ...spec, duration: '10m' };
const nobody = { ...spec, fault: { ...spec.fault, targets: [{ kind: 'pod', namespace: 'shop', name: 'nobody' }] } };
const said = /^everything is halted by ada@laptop since \S+Z: the pager rang \(NetworkHalt lever\); 'squall resume' ends that$/;

let machine: Machine;

async function halt(name = 'lever'): Promise<void> {
  const said = { reason: 'the pager rang', by: 'ada@laptop' };
  await machine.store.create(halts, { apiVersion, kind: 'NetworkHalt', metadata: { name }, spec: said });
}

async function resume(name = 'lever'): Promise<void> {
  await machine.store.delete(halts, { name });
}

function faultWasBegun(): boolean {
  return machine.journal.some((entry) => entry.type === 'phase' && entry.phase === 'inject');
}

describe('while everything is halted', () => {
  afterEach(async () => {
    await machine.stop();
  });

  it('a run that is active is undone and Aborted, and says who halted it and why', async () => {
    machine = await startMachine();
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    await halt();
    const { status } = await machine.untilDone('run');
    expect(status).toMatchObject({ verdict: 'Aborted', reason: 'Halted', residue: 0 });
    expect(status?.message).toMatch(said);
    expect(machine.journal.find(({ type }) => type === 'abort')).toMatchObject({
      abort: { cause: `Halted: ${status?.message ?? ''}` },
    });
  });

  it('a new run is Refused before anything is asked of a node, whatever else is wrong with it', async () => {
    machine = await startMachine();
    await halt();
    const { status } = await machine.run(spec);
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'Halted', residue: 0 });
    expect(status?.message).toMatch(said);
    await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
    expect((await machine.run(nobody)).status).toMatchObject({ verdict: 'Refused', reason: 'Halted' });
    expect(faultWasBegun()).toBe(false);
    expect((await machine.store.list(nodeTasks, { namespace: systemNamespace })).items).toEqual([]);
  });

  it('a control process that is started anew refuses as well, until the last lever is gone', async () => {
    machine = await startMachine();
    await halt();
    await halt('second');
    await machine.restartControl();
    expect((await machine.run(spec)).status).toMatchObject({ verdict: 'Refused', reason: 'Halted' });
    await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
    await resume();
    expect((await machine.run(spec)).status).toMatchObject({ verdict: 'Refused', reason: 'Halted' });
    await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
    await resume('second');
    // What is watched comes a moment later: whoever starts again starts anew.
    await machine.restartControl();
    expect((await machine.run(spec)).status).toMatchObject({ verdict: 'Passed' });
  });

  it('a run whose control process died is undone by the next one, and nothing of it is gone on with', async () => {
    machine = await startMachine(undefined, { takeover: 'continue' });
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    machine.silent = ({ spec: { order } }) => order === 'undo';
    await halt();
    await machine.untilPhase('run', 'undo');
    await machine.restartControl();
    machine.silent = () => false;
    const { status } = await machine.untilDone('run');
    expect(status).toMatchObject({ verdict: 'Aborted', reason: 'Halted', residue: 0 });
  });
});

describe('a schedule while everything is halted', () => {
  let world: ScheduleWorld;
  afterEach(async () => {
    await world.stop();
  });

  it('skips its ticks and says who halted it and why, and goes on with the next tick afterwards', async () => {
    world = await startScheduleWorld();
    await world.define({});
    world.halt('everything is halted by ada');
    world.moveTo(start + 60_000);
    await world.beat();
    expect((await world.status())?.recentTicks).toMatchObject([
      { outcome: 'Skipped', reason: 'Halted', message: 'everything is halted by ada' },
    ]);
    expect(world.created).toEqual([]);
    await world.restart();
    world.halt(undefined);
    await world.beat();
    expect(world.created).toEqual([]);
    world.moveTo(start + 120_000);
    await world.beat();
    expect(world.records.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual(['Skipped Halted', 'Started OnTime']);
    expect((await world.store.list(experiments, { namespace: key.namespace })).items).toHaveLength(1);
  });
});
