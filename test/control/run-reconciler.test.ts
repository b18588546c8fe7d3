import { afterEach, describe, expect, it } from 'vitest';
import { abortAnnotation, experiments, nodeTasks } from '../../src/control/index.ts';
import { systemNamespace } from '../../src/api/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import { type Answer, type Machine, obedient, startMachine, shortRun as spec } from './machine.ts';

const long = { ...spec, duration: '10m' };

let machine: Machine;
afterEach(async () => {
  await machine.stop();
});

async function tasksInStore(): Promise<string[]> {
  const { items } = await machine.store.list(nodeTasks, { namespace: systemNamespace });
  return items.map(({ spec: task }) => `${task.work} ${task.order}`);
}

describe('a run', () => {
  it('goes through its phases to a verdict, and leaves no task behind', async () => {
    machine = await startMachine();
    const { status } = await machine.run(spec);
    expect(status).toMatchObject({ verdict: 'Passed', reason: 'SteadyStateHeld', residue: 0 });
    expect(machine.journal.flatMap((entry) => (entry.type === 'phase' ? [entry.phase] : []))).toEqual([
      'preflight',
      'before',
      'inject',
      'during',
      'undo',
      'after',
      'done',
    ]);
    while ((await tasksInStore()).length > 0) await systemClock.sleep(20);
  });

  it('says in the store that a fault may be in before a task that applies one is there', async () => {
    machine = await startMachine();
    const order: string[] = [];
    machine.answer = (task) => {
      order.push(task.spec.order);
      return obedient(task);
    };
    const { items } = await machine.store.list(experiments);
    expect(items).toEqual([]);
    await machine.create(spec);
    let dirtyBefore: boolean | undefined;
    while (dirtyBefore === undefined) {
      const tasks = await tasksInStore();
      const run = await machine.store.get(experiments, { namespace: 'shop', name: 'run' });
      if (tasks.includes('fault apply')) dirtyBefore = run.status?.run.touched ?? false;
    }
    expect(dirtyBefore).toBe(true);
    await machine.untilDone('run');
    expect(order[0]).toBe('apply');
    expect(order).toContain('undo');
  });

  it.each<[string, Answer, string, string]>([
    [
      'the agent refuses to apply',
      (task) => (task.spec.order === 'apply' ? { phase: 'Refused', reason: 'KernelRefused' } : { phase: 'Refused' }),
      'Errored',
      'KernelRefused',
    ],
    [
      'the lease runs out',
      (task) => (task.spec.order === 'apply' ? { phase: 'Clean', reason: 'LeaseExpired' } : { phase: 'Clean' }),
      'Aborted',
      'LeaseExpired',
    ],
    ['the target is lost', () => ({ phase: 'Lost', reason: 'NamespaceGone' }), 'Aborted', 'NamespaceGone'],
  ])('ends well when %s', async (_what, answer, verdict, reason) => {
    machine = await startMachine(answer);
    expect((await machine.run(spec)).status).toMatchObject({ verdict, reason, residue: 0 });
  });

  it('is Aborted by the annotation, after an undo', async () => {
    machine = await startMachine();
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    await machine.store.patchMetadata(
      experiments,
      { namespace: 'shop', name: 'run' },
      { annotations: { [abortAnnotation]: 'enough' } },
    );
    const { status } = await machine.untilDone('run');
    expect(status).toMatchObject({ verdict: 'Aborted', message: 'enough', residue: 0 });
    expect(machine.journal.find(({ type }) => type === 'abort')).toMatchObject({ abort: { cause: 'AbortRequested: enough' } });
  });

  it('is undone and Aborted when the control process was restarted in the middle of it', async () => {
    machine = await startMachine();
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    await machine.restartControl();
    const { status } = await machine.untilDone('run');
    expect(status).toMatchObject({ verdict: 'Aborted', reason: 'Restarted', residue: 0 });
  });

  it('takes a task that somebody deleted for not undone, and has the agent prove it', async () => {
    machine = await startMachine();
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    const undone: string[] = [];
    machine.answer = (task) => {
      undone.push(task.spec.order);
      return obedient(task);
    };
    const { items } = await machine.store.list(nodeTasks, { namespace: systemNamespace });
    const fault = items.find(({ spec: task }) => task.work === 'fault');
    await machine.store.delete(nodeTasks, { namespace: systemNamespace, name: fault?.metadata.name ?? '' });
    const { status } = await machine.untilDone('run');
    expect(status).toMatchObject({ verdict: 'Aborted', residue: 0 });
    expect(undone).toContain('undo');
  });

  it('waits while nothing is to begin, and is Aborted at once when it is told to', async () => {
    machine = await startMachine();
    machine.held = true;
    await machine.create(spec);
    await systemClock.sleep(500);
    expect((await machine.store.get(experiments, { namespace: 'shop', name: 'run' })).status).toBeUndefined();
    const annotations = { [abortAnnotation]: 'not now' };
    await machine.store.patchMetadata(experiments, { namespace: 'shop', name: 'run' }, { annotations });
    const { status } = await machine.untilDone('run');
    expect([status?.verdict, status?.reason]).toEqual(['Aborted', 'AbortRequested']);
    expect(machine.journal.some((entry) => entry.type === 'phase' && entry.phase === 'inject')).toBe(false);
  });

  it('begins once it may', async () => {
    machine = await startMachine();
    machine.held = true;
    await machine.create(spec);
    await systemClock.sleep(500);
    machine.held = false;
    expect((await machine.untilDone('run')).status?.verdict).toBe('Passed');
  });

  it('has its tasks deleted when it is deleted itself', async () => {
    machine = await startMachine();
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
    while ((await tasksInStore()).length > 0) await systemClock.sleep(20);
  });
});
