/** Whether what is selected may be hurt at all, and all of it at once. Pure. */
import type { Experiment } from '../api/index.ts';
import { describeExcess } from './blast-radius.ts';
import { describeBrokenBudgets } from './disruption-budgets.ts';
import { describeObjections, objectionsTo, type TargetRules } from './target-checks.ts';
import type { Pod, World } from './world.ts';

export type Refusal = { kind: 'refused'; reason: string; message: string };

/** Whom nobody may hurt, and how much one run may hurt. */
export function refuseUnsafe(
  { blastRadius = {} }: Experiment,
  hurt: readonly Pod[],
  running: readonly Pod[],
  world: World,
  { ceilings = {}, ignoreDisruptionBudgets = false, ...rules }: TargetRules & { now: number },
): Refusal | undefined {
  const limits = [
    { ...ceilings, who: 'ceilings' },
    { ...blastRadius, who: 'blastRadius' },
  ];
  const forbidden = describeObjections(objectionsTo(hurt, world, { ...rules, limits }));
  if (forbidden !== undefined) return { kind: 'refused', reason: 'TargetNotAllowed', message: forbidden };
  const byOthers = hurtByOthers(world, running);
  const excess = describeExcess(hurt, running, [
    {
      limits: ceilings,
      from: 'ceilings',
      remedy: 'no experiment can lift what whoever runs Squall here allows; select fewer',
      byOthers,
    },
    { limits: blastRadius, from: 'blastRadius', remedy: 'select fewer (mode, value), or raise the limit' },
  ]);
  if (excess !== undefined) return { kind: 'refused', reason: 'BlastRadiusExceeded', message: excess };
  const broken = ignoreDisruptionBudgets ? undefined : describeBrokenBudgets(world.budgets, hurt, byOthers, world.pods);
  return broken === undefined ? undefined : { kind: 'refused', reason: 'DisruptionBudgetExceeded', message: broken };
}

/** A pod that is on its way out is not counted, as it is not among those of which a share may be hurt. */
function hurtByOthers({ activeRuns }: World, running: readonly Pod[]): Pod[] {
  const uids = new Set(activeRuns.flatMap(({ podUids }) => podUids));
  return running.filter(({ metadata }) => uids.has(metadata.uid ?? '') && metadata.deletionTimestamp === undefined);
}
