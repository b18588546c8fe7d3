/** Where packets wait, as a plan has it. */
import type { TargetPlan } from './plan.ts';
import { longestDelayMs } from './impairment.ts';

/** Of one fault: every queue that holds packets back, how many it holds at most, and for how long each. */
export function queuesOf({ classes, trees }: TargetPlan, faultId: string): { delayMs: number; packets: number }[] {
  const own = classes.filter(({ faultIds }) => faultIds.includes(faultId));
  return own.flatMap(({ device, band }) => {
    const tree = trees.find((one) => one.device === device);
    return (tree?.bands[band] ?? []).flatMap((qdisc) => {
      if (qdisc.kind !== 'netem') return [];
      const delayMs = longestDelayMs({ ...qdisc, reordering: undefined });
      return delayMs > 0 ? [{ delayMs, packets: qdisc.limit }] : [];
    });
  });
}
