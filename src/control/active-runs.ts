/** Which pods runs hurt at the same time, so that limits hold for all of them together. */
import type { RunState, SkippedNode } from '../experiment/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Cache } from '../store/index.ts';
import type { RunTarget } from './plan-run.ts';
import type { ExperimentObject } from './run-status.ts';
import type { ActiveRun } from './world.ts';

/** From when it is planned until its undo is proven, or until it is over: what is left then ends by its lease. */
export function isHurting({ phase, touched, dirty }: Pick<RunState, 'phase' | 'touched' | 'dirty'>): boolean {
  return phase !== 'done' && (dirty || !touched);
}

/** As its status says; undefined of a run that hurts nobody, or was not begun. */
export function activeRunOf({ metadata, status }: ExperimentObject): ActiveRun | undefined {
  if (status === undefined || status.targets.length === 0 || !isHurting(status.run)) return undefined;
  const { uid = '', namespace = 'default', name } = metadata;
  return { uid, namespace, name, podUids: hurtUids(status.targets, status.run.skipped) };
}

/** Of its targets those that something is done to. */
export function hurtUids(targets: readonly RunTarget[], skipped: readonly SkippedNode[] = []): string[] {
  const nodes = new Set(skipped.map(({ node }) => node));
  return targets.filter(({ node }) => !nodes.has(node)).map(({ uid }) => uid);
}

/**
 * What this process knows of the pods that runs hurt. What it has planned and written itself counts at once: what is watched comes
 * later, and two runs that are planned at the same time would not see each other.
 */
export type TargetClaims = {
  /** Every run but this one. Without an `await` between this, the plan and the claim, no other run comes between. */
  others(uid: string): ActiveRun[];
  claim(run: ActiveRun): void;
  /** The run hurts nobody any more. */
  release(uid: string): void;
  /** The run is gone from the store. What it hurts counts for so many milliseconds more: nobody tells when its undo is proven. */
  forget(uid: string, stillMs: number): void;
};

export function createTargetClaims(
  runs: Pick<Cache<ExperimentObject>, 'list'>,
  { monotonic }: Pick<Clock, 'monotonic'>,
): TargetClaims {
  /** By uid of the run; without one: it hurts nobody, whatever its status still says. */
  const known = new Map<string, { run?: ActiveRun; untilMs?: number }>();
  return {
    others: (uid) => {
      for (const [gone, { untilMs = Infinity }] of known) if (untilMs <= monotonic()) known.delete(gone);
      const seen = runs.list().flatMap((run) => (known.has(run.metadata.uid) ? [] : (activeRunOf(run) ?? [])));
      const claimed = [...known.values()].flatMap(({ run }) => run ?? []);
      return [...claimed, ...seen].filter((run) => run.uid !== uid);
    },
    claim: (run) => {
      known.set(run.uid, { run });
    },
    release: (uid) => {
      known.set(uid, {});
    },
    forget: (uid, stillMs) => {
      const run = known.get(uid)?.run;
      if (run === undefined || stillMs === 0) known.delete(uid);
      else known.set(uid, { run, untilMs: monotonic() + stillMs });
    },
  };
}
