import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { apiVersion, type ArmedThreshold, exitCodeOf, type Report } from '../../src/api/index.ts';
import { type ExperimentObject, experiments, monitors } from '../../src/control/index.ts';
import { codeOf, formatInstant, SquallError, systemClock } from '../../src/lib/index.ts';
import { buildReport, readJournal } from '../../src/report/index.ts';
import type { Store } from '../../src/store/index.ts';
import { type Machine, obedient, shortRun, startMachine } from './machine.ts';
import { armedFor, crossing, monitorSpec, monitorStatus } from './signals/monitors.ts';

const key = { namespace: 'shop', name: 'shop-traffic' };
const abort = [{ monitor: { ref: 'shop-traffic', threshold: 'retry-storm' } }];
const short = { ...shortRun, abort };
const long = { ...short, duration: '10m' };

let machine: Machine;
let observer: Observer;
afterEach(async () => {
  await observer.stop();
  await machine.stop();
});

/** Who observes: tells every 200 ms, and at once when it is told to, the same of every run that is not over. */
type Observer = { say: (said: Partial<ArmedThreshold>) => Promise<void>; silence: () => void; stop: () => Promise<void> };

const nobody: Observer = { say: () => Promise.resolve(), silence: () => undefined, stop: () => Promise.resolve() };

function startObserver(store: Store, first: Partial<ArmedThreshold> = {}): Observer {
  let said = first;
  let writing = Promise.resolve();
  const tell = async (): Promise<void> => {
    const { items } = await store.list(experiments, { namespace: 'shop' });
    const runs = items.filter(({ status }) => status?.phase !== 'done');
    const armed = runs.map(({ metadata: { uid } }) => armedFor(uid, said));
    const monitor = await store.get(monitors, key);
    await store.updateStatus(monitors, { ...monitor, status: monitorStatus(armed) });
  };
  const write = (): Promise<void> => {
    writing = writing.then(tell).catch((error: unknown) => {
      if (!['NotFound', 'Conflict'].includes(codeOf(error))) throw error;
    });
    return writing;
  };
  const heart = setInterval(() => void write(), 200);
  return {
    say: async (changes) => {
      said = changes;
      await write();
    },
    silence: () => {
      clearInterval(heart);
    },
    stop: async () => {
      clearInterval(heart);
      await writing;
    },
  };
}

async function createMonitor(): Promise<void> {
  await machine.store.create(monitors, { apiVersion, kind: 'NetworkMonitor', metadata: key, spec: monitorSpec() });
}

async function start(options: Parameters<typeof startMachine>[1] = {}, said: Partial<ArmedThreshold> = {}): Promise<void> {
  machine = await startMachine(obedient, options);
  await createMonitor();
  observer = startObserver(machine.store, said);
}

async function abortedRun(): Promise<{ run: ExperimentObject; report: Report }> {
  const run = await machine.untilDone('run');
  const file = join(machine.folder, 'runs', run.metadata.uid ?? '', 'journal.jsonl');
  return { run, report: buildReport(readJournal(file)) };
}

function wasBegun(): boolean {
  return machine.journal.some((entry) => entry.type === 'phase' && entry.phase === 'inject');
}

describe('a run that a monitor may abort', () => {
  it('passes where all stays quiet', async () => {
    await start();
    expect((await machine.run(short)).status).toMatchObject({ verdict: 'Passed', residue: 0 });
    const preflight = machine.journal.find(({ type }) => type === 'preflight');
    expect(preflight).toMatchObject({
      ok: true,
      checks: expect.arrayContaining([expect.objectContaining({ node: 'shop-traffic', ok: true })]) as unknown,
    });
  });

  it('is undone and Aborted at a crossing, and its report has flow, value, threshold, times and notification', async () => {
    await start();
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    const at = formatInstant(Date.now());
    await observer.say({ state: 'firing', crossing: crossing({ at }), notification: 'shop-traffic-7' });
    const { run, report } = await abortedRun();
    expect(run.status).toMatchObject({ verdict: 'Aborted', reason: 'MonitorFired', residue: 0 });
    expect(exitCodeOf(report.verdict, report.reason)).toBe(4);
    const message =
      'shop-traffic/retry-storm: flow 10.0.0.1,10.0.0.10: 812 frames/s over 300 (±14.2 %), seen by agent 10.0.0.254 at 3';
    expect(report.abort).toMatchObject({
      cause: `MonitorFired: ${message}`,
      at,
      signal: {
        monitor: 'shop-traffic',
        threshold: 'retry-storm',
        state: 'firing',
        flow: '10.0.0.1,10.0.0.10',
        value: 812.4,
        limit: 300,
        notification: 'shop-traffic-7',
      },
    });
    const { decidedAt = '', firstCleanAt = '', lastCleanAt = '' } = report.abort ?? {};
    expect([at, decidedAt, firstCleanAt, lastCleanAt]).toEqual([at, decidedAt, firstCleanAt, lastCleanAt].sort());
  });

  it('that measures a steady state without any fault is Aborted as well', async () => {
    await start();
    const connectivity = {
      layer: '4',
      source: { namespace: 'shop', name: 'checkout' },
      destinations: [{ kind: 'pod', namespace: 'shop', name: 'payments-0', port: '8080' }],
    };
    await machine.create({
      duration: '10m',
      abort,
      hypothesis: [{ name: 'reaches', connectivity, tolerance: { lossPercent: 1 } }],
    });
    await machine.untilPhase('run', 'during');
    await observer.say({ state: 'firing', crossing: crossing({ at: formatInstant(Date.now()) }) });
    expect((await machine.untilDone('run')).status).toMatchObject({ verdict: 'Aborted', reason: 'MonitorFired', residue: 0 });
    expect(wasBegun()).toBe(false);
  }, 20_000);

  it.each<[string, () => Promise<void>, string, RegExp]>([
    [
      'its observer is silent',
      () => {
        observer.silence();
        return Promise.resolve();
      },
      'SignalLost',
      /has been silent for \d\.\d s/,
    ],
    ['its agent is lost', () => observer.say({ state: 'lost', message: 'agent a is silent' }), 'SignalLost', /agent a is silent/],
    [
      'it cannot be decided any more',
      () => observer.say({ state: 'undecidable', message: 'one of 4096' }),
      'SignalUndecidable',
      /one of 4096/,
    ],
    ['the monitor is deleted', () => machine.store.delete(monitors, key), 'SignalLost', /there is no NetworkMonitor/],
    [
      'its threshold is renamed',
      async () => {
        await expect
          .poll(async () => {
            const present = await machine.store.get(monitors, key);
            return await machine.store.update(monitors, { ...present, spec: monitorSpec('other') }).then(
              () => 'edited',
              (error: unknown) => codeOf(error),
            );
          })
          .toBe('edited');
      },
      'SignalLost',
      /no such threshold; it has other/,
    ],
  ])(
    'is undone and Aborted when %s, for nobody would see harm',
    async (_what, happen, reason, message) => {
      await start();
      await machine.create(long);
      await machine.untilPhase('run', 'during');
      await happen();
      const { run, report } = await abortedRun();
      expect(run.status).toMatchObject({ verdict: 'Aborted', reason, residue: 0 });
      expect(run.status?.message).toMatch(message);
      expect(report.abort?.signal).toMatchObject({ monitor: 'shop-traffic', threshold: 'retry-storm' });
    },
    20_000,
  );

  it('is Refused where it fires already, and its preflight says so', async () => {
    await start({}, { state: 'firing', crossing: crossing() });
    const { status } = await machine.run(short);
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'SignalFiring' });
    expect(wasBegun()).toBe(false);
    const preflight = machine.journal.find(({ type }) => type === 'preflight');
    expect(preflight).toMatchObject({ ok: false });
    expect(JSON.stringify(preflight)).toContain('firing: shop-traffic/retry-storm: flow 10.0.0.1');
  });

  it('is Refused where its baseline is still learned when the fault would go in', async () => {
    await start({}, { state: 'learning', message: '3 of 30 s are measured' });
    const { status } = await machine.run(short);
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'BaselineTooShort' });
    expect(status?.message).toContain('3 of 30 s are measured');
    expect(wasBegun()).toBe(false);
  }, 20_000);

  it('is Refused where nobody observes, after a while', async () => {
    machine = await startMachine();
    observer = nobody;
    await createMonitor();
    const { status } = await machine.run(short);
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'SignalNotReady' });
    expect(status?.message).toContain('nobody has observed it yet');
    expect(wasBegun()).toBe(false);
  }, 30_000);

  it('is Refused where there is no such monitor, once that is sure', async () => {
    machine = await startMachine();
    observer = nobody;
    expect((await machine.run(short)).status).toMatchObject({ verdict: 'Refused', reason: 'MonitorNotFound' });
  }, 20_000);

  it('is still armed when another control process goes on with it', async () => {
    await start({ takeover: 'continue' });
    await machine.create(long);
    await machine.untilPhase('run', 'during');
    await machine.restartControl();
    await systemClock.sleep(1000);
    expect((await machine.store.get(experiments, { namespace: 'shop', name: 'run' })).status?.phase).toBe('during');
    await observer.say({ state: 'firing', crossing: crossing({ at: formatInstant(Date.now()) }) });
    expect((await machine.untilDone('run')).status).toMatchObject({ verdict: 'Aborted', reason: 'MonitorFired', residue: 0 });
  }, 20_000);
});

it('a run that no monitor may abort does not ask whether monitors can be read', async () => {
  const withoutMonitors = (store: Store): Store => ({
    ...store,
    list: (resource, options) =>
      resource.plural === monitors.plural
        ? Promise.reject(new SquallError('PermissionDenied', 'not these'))
        : store.list(resource, options),
  });
  machine = await startMachine(obedient, { between: withoutMonitors });
  observer = nobody;
  expect((await machine.run(shortRun)).status).toMatchObject({ verdict: 'Passed' });
});
