import type { Refused } from '../../api/index.ts';
import type { CollectorCounters } from './counters.ts';

/** What came and was not used, so that whoever hears nothing sees why; reasons that were never met are left out. */
export function refusedOf({ rejected, kernelDrops = 0, engine }: CollectorCounters): Refused[] {
  const counts = {
    ...rejected,
    ...engine.problems,
    kernelDrops,
    samplingRate: engine.refusedRates,
    frameLength: engine.refusedLengths,
    untracked: engine.untrackedDatagrams + engine.untrackedSamples,
  };
  return Object.entries(counts).flatMap(([reason, count]) => (count > 0 ? [{ reason, count }] : []));
}
