/** Whether a node has a driver for a fault, and which. */
import type { CheckResult, Capability, DriverWay, PreflightCheck } from '../api/index.ts';
import { remedyOfCapability, type TrialOutcome } from './capabilities.ts';
import type { System } from './remedies/choose.ts';
import { trialWords } from './trial-words.ts';

type DriverCheck = Extract<PreflightCheck, { check: 'driver' }>;

/** How the trials ended that were made, by capability. */
export type DriverTrials = ReadonlyMap<Capability, TrialOutcome>;

/** What a driver can do that cannot do everything, in words. */
const doneBy = 'loss without bursts, partition and rate';

export function judgeDriver(check: DriverCheck, trials: DriverTrials, system: System): CheckResult {
  const able = check.ways.filter(({ does }) => does);
  const expected = `a driver for the fault: ${able.map(wayWords).join(', or ')}`;
  const failedOf = ({ capabilities }: DriverWay) => capabilities.find((capability) => trials.get(capability)?.ok !== true);
  const chosen = able.find((way) => failedOf(way) === undefined);
  if (chosen !== undefined) {
    const { driver } = chosen;
    return { check, ok: true, expected, found: `driver ${driver}`, remedy: '', driver };
  }
  const found = check.ways.map((way) => {
    const failed = failedOf(way);
    if (failed !== undefined) return `driver ${way.driver} lacks ${failed}: ${wordsOf(failed, trials.get(failed))}`;
    return `driver ${way.driver} is available, but does only ${doneBy}`;
  });
  const [best] = able;
  const lacking = best && failedOf(best);
  const remedy = lacking === undefined ? 'choose another fault' : remedyOfCapability(lacking, system);
  return { check, ok: false, expected, found: found.join('; '), remedy };
}

const wayWords = ({ driver, capabilities }: DriverWay): string => `${driver} (${capabilities.join(', ')})`;

const wordsOf = (capability: Capability, outcome: TrialOutcome | undefined): string =>
  outcome === undefined ? 'not tried' : trialWords(capability, outcome);
