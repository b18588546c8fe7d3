import type { JournalEntry } from '../../api/index.ts';
import type { SignalFact } from '../../experiment/index.ts';

type Check = Extract<JournalEntry, { type: 'preflight' }>['checks'][number];

const remedies: Record<SignalFact['state'], string> = {
  quiet: '',
  learning: '',
  waiting: 'see in its status whether an observer runs and agents export to it',
  firing: 'start the run when it is quiet, or set another threshold',
  undecidable: 'sample more of the packets, or set another threshold',
  lost: 'see in its status which agent is silent, and whether its observer runs',
  missing: 'create it, or name another in the abort rule',
};

/** What the monitors said at the end of preflight, as the checks that it also is. A monitor stands where nodes do: it is asked, too. */
export function signalChecks(signals: readonly SignalFact[]): Check[] {
  return signals.map(({ monitor, threshold, state, message }) => {
    const ok = state === 'quiet' || state === 'learning';
    const found = message === '' ? state : `${state}: ${message}`;
    return {
      node: monitor,
      name: `threshold ${threshold}`,
      ok,
      expected: 'a signal that is quiet',
      found,
      remedy: remedies[state],
    };
  });
}
