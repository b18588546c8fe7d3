/** The short run that is killed: what it is, and where its journal says that it stands. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiVersion, type JournalRecord } from '../../src/api/index.ts';
import { type ExperimentObject, experiments } from '../../src/control/index.ts';
import type { Stored } from '../../src/store/index.ts';
import type { TortureFault } from './fault-of-kernel.ts';
import type { Instance, LabPod } from './instance.ts';
import { stepMs } from './kill-plan.ts';

export const leaseMs = 3000;

export type Run = { uid: string; name: string };

/** Creates the run through the API, as kubectl would. */
export async function createRun(
  { store }: Instance,
  {
    name,
    namespace,
    target,
    durationSeconds,
    fault,
  }: { name: string; namespace: string; target: LabPod; durationSeconds: number; fault: TortureFault },
): Promise<Run> {
  const destination = { kind: 'pod', namespace, name: target.name };
  const spec = {
    before: '1s',
    duration: `${durationSeconds}s`,
    after: '1s',
    fault: {
      targets: [destination],
      configuration: { type: fault.type, value: fault.values[0], steps: stepsOf(fault, durationSeconds) },
      lease: `${leaseMs / 1000}s`,
    },
    hypothesis: [
      {
        name: 'reaches',
        connectivity: { layer: '3', source: { namespace, name: 'client' }, destinations: [destination], timeout: '800ms' },
        tolerance: { lossPercent: fault.lossPercentTolerated },
      },
    ],
  };
  const { metadata } = await store.create(
    experiments,
    {
      apiVersion,
      kind: 'NetworkExperiment',
      metadata: { name, namespace },
      spec,
    },
    { timeoutMs: 60_000 },
  );
  return { uid: metadata.uid, name };
}

/** The fault changes every second until its last one. */
function stepsOf({ values }: TortureFault, durationSeconds: number): { at: string; value: string }[] {
  const count = (durationSeconds * 1000) / stepMs - 1;
  return Array.from({ length: count }, (_, index) => {
    return { at: `${String((index + 1) * stepMs)}ms`, value: index % 2 === 0 ? values[1] : values[0] };
  });
}

export function readJournalOf({ stateFolder }: Instance, { uid }: Run): JournalRecord[] {
  const file = join(stateFolder, 'runs', uid, 'journal.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line) as JournalRecord);
}

/** The phase that the run is in by its journal; `none` before the first. */
export function phaseOf(records: readonly JournalRecord[]): string {
  return records.findLast((record) => record.type === 'phase')?.phase ?? 'none';
}

/** Resolves when the phase has begun or the run is over. */
export async function untilPhase(instance: Instance, run: Run, phase: string, limitMs: number): Promise<void> {
  const until = Date.now() + limitMs;
  while (Date.now() < until) {
    await sleep(20);
    const records = readJournalOf(instance, run);
    if (records.some((record) => record.type === 'phase' && (record.phase === phase || record.phase === 'done'))) return;
  }
  throw new Error(`${run.name} was not in phase ${phase} within ${limitMs} ms`);
}

/** Waits for the verdict, over restarts of the server. */
export async function untilDone(
  { store }: Instance,
  { name }: Run,
  namespace: string,
  limitMs: number,
): Promise<Stored<ExperimentObject> | undefined> {
  const until = Date.now() + limitMs;
  while (Date.now() < until) {
    await sleep(100);
    const object = await store.get(experiments, { namespace, name }, { timeoutMs: 5000 }).catch(() => undefined);
    if (object?.status?.run.phase === 'done') return object;
  }
  return undefined;
}
