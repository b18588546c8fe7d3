import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion, type JournalEntry, type JournalRecord, servedKinds } from '../../src/api/index.ts';
import { readStoredJournal, reportAnnotation } from '../../src/cluster/index.ts';
import { storeReport } from '../../src/cluster/run-report.ts';
import { experiments } from '../../src/control/index.ts';
import { buildReport } from '../../src/report/index.ts';
import { codeFrom, type RunningServer, startServer, thing, things } from '../store/support.ts';

let server: RunningServer;
beforeEach(async () => {
  server = await startServer({ resources: servedKinds });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

function journal(uid: string, more: JournalEntry[] = []): JournalRecord[] {
  const entries: JournalEntry[] = [
    { type: 'created', namespace: 'shop', name: 'run', uid, seed: 's', manifest: { spec: 'as it was' } },
    ...more,
    { type: 'verdict', verdict: 'Passed', reason: 'SteadyStateHeld', message: 'fine', residue: 0 },
  ];
  return entries.map((entry, index) => ({ time: '2026-11-26T22:00:00.000Z', run: uid, sequence: index + 1, ...entry }));
}

async function createRun(name = 'run') {
  return await server.store.create(experiments, {
    apiVersion,
    kind: 'NetworkExperiment',
    metadata: { name, namespace: 'shop' },
    spec: {},
  });
}

/** Text that gzip cannot make smaller than about half a byte a digit. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state % 16).toString(16);
  }).join('');
}

describe('the report of a run on a cluster', () => {
  it('is kept whole in a ConfigMap that the run owns, and the run names it', async () => {
    const run = await createRun();
    await storeReport(server.store, run, journal(run.metadata.uid));
    const map = await server.store.get(things, { namespace: 'shop', name: 'run-report' });
    expect(map.metadata.ownerReferences).toEqual([{ apiVersion, kind: 'NetworkExperiment', name: 'run', uid: run.metadata.uid }]);
    const { binaryData = {} } = map as unknown as { binaryData?: Record<string, string> };
    const report: unknown = JSON.parse(gunzipSync(Buffer.from(binaryData['report.json.gz'] ?? '', 'base64')).toString());
    expect(report).toMatchObject({ verdict: 'Passed', experiment: { manifest: { spec: 'as it was' } } });
    expect(await readStoredJournal(server.store, 'shop', 'run')).toEqual(journal(run.metadata.uid));
    const { metadata } = await server.store.get(experiments, { namespace: 'shop', name: 'run' });
    expect(metadata.annotations?.[reportAnnotation]).toBe('run-report');
  });

  it('is written once: a second time changes nothing', async () => {
    const run = await createRun();
    await storeReport(server.store, run, journal(run.metadata.uid));
    const { metadata } = await server.store.get(things, { namespace: 'shop', name: 'run-report' });
    await storeReport(server.store, run, journal(run.metadata.uid, [{ type: 'warning', message: 'later' }]));
    const again = await server.store.get(things, { namespace: 'shop', name: 'run-report' });
    expect(again.metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it('takes the place of that of a former run of its name', async () => {
    const former = await createRun();
    await storeReport(server.store, former, journal(former.metadata.uid));
    const present = { ...former, metadata: { ...former.metadata, uid: 'another' } };
    await storeReport(server.store, present, journal('another'));
    expect(buildReport(await readStoredJournal(server.store, 'shop', 'run')).experiment.uid).toBe('another');
  });

  it("does not take the place of somebody else's ConfigMap", async () => {
    const run = await createRun();
    await server.store.create(things, thing('run-report'));
    expect(await codeFrom(storeReport(server.store, run, journal(run.metadata.uid)))).toBe('AlreadyExists');
    expect((await server.store.get(things, { namespace: 'shop', name: 'run-report' })).data).toEqual({ value: 'value' });
  });

  it('leaves out details, and says so, when it would be larger than 512 KiB', async () => {
    const run = await createRun();
    const message = noise(200_000);
    const long = Array.from({ length: 10 }, (): JournalEntry => ({ type: 'warning', message }));
    await storeReport(server.store, run, journal(run.metadata.uid, long));
    const report = buildReport(await readStoredJournal(server.store, 'shop', 'run'));
    expect(report.warnings).toEqual([expect.stringMatching(/were left out: the report would be larger than 524288 bytes/)]);
    expect(report.verdict).toBe('Passed');
  }, 30_000);

  it.each([
    ['there is no such run', 'other', 'NotFound'],
    ['it is not over', 'run', 'NotFound'],
  ])('is not found when %s', async (_what, name, expected) => {
    await createRun();
    expect(await codeFrom(readStoredJournal(server.store, 'shop', name))).toBe(expected);
  });
});
