import { afterEach, describe, expect, it } from 'vitest';
import { abortAnnotation, type ExperimentObject, experiments, leases, nodeTasks } from '../../src/control/index.ts';
import { createRunReconciler } from '../../src/control/run-reconciler.ts';
import { type JournalEntry, type NodeTask, systemNamespace } from '../../src/api/index.ts';
import { taskName, taskObject } from '../../src/control/task-plan.ts';
import { formatInstant, messageOf, SquallError, systemClock } from '../../src/lib/index.ts';
import type { AnyObject, Cache, Store, Stored } from '../../src/store/index.ts';
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

/** What shows what it is told to show, and calls nobody. */
function cacheOf<T extends AnyObject>(list: () => Stored<T>[]): Cache<T> {
  const done = Promise.resolve();
  return { get: () => list()[0], list, onChange: () => () => undefined, synced: done, ended: done };
}

function faultTaskOf(uid: string): NodeTask {
  return taskObject({
    name: taskName(uid, 'fault-0', 'lab'),
    spec: {
      node: 'lab',
      run: { uid, namespace: 'shop', name: 'run' },
      work: 'fault',
      instance: '0123abcd',
      generation: 2,
      order: 'undo',
      targets: [{ podUid: 'pod', namespace: 'shop', name: 'payments-0', ips: [] }],
      lease: { name: `run-${uid}`, seconds: 30 },
      notAfter: formatInstant(Date.now()),
    },
  });
}

/** Each status is first written to a version that is not there any more, with another between that the writer never reads. */
function annotatedBeforeStatus(store: Store): Store {
  let count = 0;
  return {
    ...store,
    updateStatus: async (resource, object, options) => {
      if (resource.kind === 'NetworkExperiment' && count++ % 2 === 0) {
        for (const times of ['once', 'twice']) {
          const annotations = { noted: `${times} before ${String(count)}` };
          await machine.store.patchMetadata(experiments, { namespace: 'shop', name: 'run' }, { annotations });
        }
      }
      return await store.updateStatus(resource, object, options);
    },
  };
}

describe('a cache that lags behind', () => {
  it('is waited for, also where it shows a version that came between and was never read here', async () => {
    machine = await startMachine(obedient, { controlled: false });
    const runs = { shown: await machine.create(spec) };
    const between: Stored<ExperimentObject>[] = [];
    const store: Store = {
      ...machine.store,
      updateStatus: async (resource, object, options) => {
        for (let count = between.length; count < 2; count += 1) {
          const annotations = { noted: String(count) };
          between.push(await machine.store.patchMetadata(experiments, { namespace: 'shop', name: 'run' }, { annotations }));
        }
        return await machine.store.updateStatus(resource, object, options);
      },
    };
    const entries: JournalEntry[] = [];
    const reconcile = createRunReconciler({
      store,
      instance: '0123abcd',
      clock: systemClock,
      steadyNow: Date.now,
      drawSeed: () => '1',
      journalOf: () => ({ append: (entry) => entries.push(entry) }),
      leases: { hold: () => Promise.resolve(), drop: () => Promise.resolve(), stop: () => undefined },
      tasks: cacheOf(() => []),
      experiments: cacheOf(() => [runs.shown]),
    });
    const key = { namespace: 'shop', name: 'run' };
    await reconcile(key);
    const [said, current] = [entries.length, await machine.store.get(experiments, key)];
    expect(current.status?.phase).toBe('preflight');
    for (const shown of [runs.shown, ...between]) {
      runs.shown = shown;
      expect(await reconcile(key)).toEqual({ requeueAfterMs: 50 });
    }
    expect([entries.length, await machine.store.get(experiments, key)]).toEqual([said, current]);
    runs.shown = current;
    expect(await reconcile(key)).not.toEqual({ requeueAfterMs: 50 });
  });
});

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
    const entry = machine.journal.find(({ type }) => type === 'abort');
    expect(entry).toMatchObject({ abort: { cause: 'AbortRequested: enough' } });
    const { at = '', decidedAt = '', firstCleanAt = '', lastCleanAt = '' } = entry?.type === 'abort' ? entry.abort : {};
    expect(decidedAt).toBe(at);
    expect(firstCleanAt >= decidedAt && lastCleanAt >= firstCleanAt).toBe(true);
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

  it('that is over is looked at when the agent shows something of its last task, not again and again', async () => {
    let looks = 0;
    const countLooks = (store: Store): Store => ({
      ...store,
      delete: async (resource, key, options) => {
        if (resource.plural === leases.plural) looks += 1;
        await store.delete(resource, key, options);
      },
    });
    machine = await startMachine(() => ({ phase: 'Undoing', residue: 1 }), { between: countLooks });
    machine.held = true;
    const run = await machine.create(spec);
    const status = { phase: 'done', run: { phase: 'done' } } as ExperimentObject['status'];
    await machine.store.updateStatus(experiments, { ...run, ...(status ? { status } : {}) });
    await machine.store.create(nodeTasks, faultTaskOf(run.metadata.uid));
    await expect.poll(async () => (await machine.store.list(nodeTasks)).items[0]?.status?.residue).toBe(1);
    await systemClock.sleep(500);
    const before = looks;
    await systemClock.sleep(5500);
    expect([looks, await tasksInStore()]).toEqual([before, ['fault undo']]);
    machine.answer = obedient;
    await expect.poll(tasksInStore, { timeout: 10_000 }).toEqual([]);
  }, 30_000);

  it('begins once it may', async () => {
    machine = await startMachine();
    machine.held = true;
    await machine.create(spec);
    await systemClock.sleep(500);
    machine.held = false;
    expect((await machine.untilDone('run')).status?.verdict).toBe('Passed');
  });

  it('is decided once a step, though somebody annotates it again and again before its status is written', async () => {
    machine = await startMachine(obedient, { between: annotatedBeforeStatus });
    expect((await machine.run(spec)).status).toMatchObject({ verdict: 'Passed', residue: 0 });
    // Its tasks are written by their agent as well: that those conflict now and then is another matter.
    expect(machine.errors.map(messageOf).filter((message) => message.includes('networkexperiments'))).toEqual([]);
    const said = machine.journal.map((entry) => JSON.stringify(entry));
    expect(said.filter((entry, index) => said.indexOf(entry) !== index)).toEqual([]);
  });

  it('has its tasks deleted when it is deleted itself', async () => {
    machine = await startMachine();
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
    while ((await tasksInStore()).length > 0) await systemClock.sleep(20);
  });

  it.each([
    ['in the middle', long, 'during'],
    ['when it is over', spec, 'done'],
  ])('is forgotten, with its Lease, once it is deleted %s', async (_when, runSpec, phase) => {
    machine = await startMachine();
    const { metadata } = await machine.create(runSpec);
    await machine.untilPhase('run', phase);
    expect(machine.forgotten).toEqual([]);
    await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
    await expect.poll(() => machine.forgotten).toEqual([metadata.uid]);
    expect((await machine.store.list(leases, { namespace: systemNamespace })).items).toEqual([]);
    expect(await tasksInStore()).toEqual([]);
  });

  it('is forgotten when another has taken its name, and that other is not', async () => {
    machine = await startMachine();
    const first = await machine.create(long);
    await machine.untilPhase('run', 'during');
    await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
    await machine.run(spec);
    expect(machine.forgotten).toEqual([first.metadata.uid]);
  });

  it('is not forgotten while its Lease is still there', async () => {
    let refuses = true;
    machine = await startMachine(obedient, {
      between: (store) => ({
        ...store,
        delete: (resource, key, options) =>
          resource.plural === leases.plural && refuses
            ? Promise.reject(new SquallError('Unavailable', 'not now'))
            : store.delete(resource, key, options),
      }),
    });
    const { metadata } = await machine.create(long);
    await machine.untilPhase('run', 'during');
    await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
    await expect.poll(() => machine.errors.map(messageOf)).toContain('not now');
    expect(machine.forgotten).toEqual([]);
    refuses = false;
    await expect.poll(() => machine.forgotten, { timeout: 10_000 }).toEqual([metadata.uid]);
    expect((await machine.store.list(leases, { namespace: systemNamespace })).items).toEqual([]);
  });
});
