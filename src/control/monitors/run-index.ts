import { isDeepStrictEqual } from 'node:util';
import { type AbortRule, readSpec } from '../../api/index.ts';
import { codeOf } from '../../lib/index.ts';
import type { Cache, Stored } from '../../store/index.ts';
import type { ExperimentObject } from '../run-status.ts';
import { type ArmedRun, armedRunsOf } from './armed-runs.ts';

/** Which runs name which monitors; kept up to date. */
export type RunIndex = {
  /** The oldest first. @param monitor `namespace/name` */
  runsOf: (monitor: string) => ArmedRun[];
};

/** @param onChange told which monitor's runs are other ones now, or are in another phase */
export function createRunIndex(
  experiments: Pick<Cache<ExperimentObject>, 'list' | 'onChange'>,
  onChange: (monitor: string) => void,
): RunIndex {
  const byUid = new Map<string, ArmedRun[]>();
  /** A spec is read once, not with every second's status. */
  const rulesByUid = new Map<string, { generation: number | undefined; abort: AbortRule[] }>();

  function rulesOf({ metadata, spec }: Stored<ExperimentObject>): AbortRule[] {
    const known = rulesByUid.get(metadata.uid);
    if (known !== undefined && known.generation === metadata.generation) return known.abort;
    const abort = readRules(spec, metadata.namespace);
    rulesByUid.set(metadata.uid, { generation: metadata.generation, abort });
    return abort;
  }

  function update(object: Stored<ExperimentObject>, isGone: boolean): string[] {
    const { uid } = object.metadata;
    const before = byUid.get(uid) ?? [];
    const isOver = isGone || object.status?.phase === 'done';
    const now = isOver ? [] : armedRunsOf(object, rulesOf(object));
    if (isOver) rulesByUid.delete(uid);
    if (now.length === 0) byUid.delete(uid);
    else byUid.set(uid, now);
    const ofMonitor = (runs: readonly ArmedRun[], monitor: string) => runs.find((run) => run.monitor === monitor);
    const named = new Set([...before, ...now].map(({ monitor }) => monitor));
    return [...named].filter((monitor) => !isDeepStrictEqual(ofMonitor(before, monitor), ofMonitor(now, monitor)));
  }

  for (const object of experiments.list()) update(object, false);
  experiments.onChange((_key, { type, object }) => {
    for (const monitor of update(object, type === 'deleted')) onChange(monitor);
  });
  return {
    runsOf: (monitor) =>
      [...byUid.values()]
        .flat()
        .filter((run) => run.monitor === monitor)
        .sort((one, other) => compare(one.createdAt, other.createdAt) || compare(one.uid, other.uid)),
  };
}

/** A run whose spec cannot be read is Refused by whoever runs it; there is nothing to arm. */
function readRules(spec: unknown, namespace: string | undefined): AbortRule[] {
  try {
    return readSpec('NetworkExperiment', spec, namespace).abort;
  } catch (error) {
    if (codeOf(error) !== 'InvalidInput') throw error;
    return [];
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
