import { tickReasons, type Verdict } from '../api/index.ts';

/** What a run can end with by itself, so that each series is there, at 0, before it first happens. */
export const commonRunReasons: Readonly<Record<Verdict, readonly string[]>> = {
  Passed: ['SteadyStateHeld'],
  Failed: ['HypothesisViolated', 'NotRecovered'],
  Inconclusive: ['NoDose', 'Undecided', 'ChangedByOthers'],
  Aborted: [
    'AbortRequested',
    'Halted',
    'HypothesisFailing',
    'LeaseExpired',
    'MonitorFired',
    'Replaced',
    'Restarted',
    'SignalLost',
    'SignalUndecidable',
    'Stopped',
  ],
  Refused: [
    'BaselineTooShort',
    'Halted',
    'InvalidInput',
    'MonitorNotFound',
    'NoTarget',
    'PreflightRefused',
    'SignalFiring',
    'SignalLost',
    'SignalNotReady',
    'SignalUndecidable',
    'SteadyStateNotMet',
  ],
  Errored: ['CleanUpIncomplete', 'InjectTimedOut', 'PreflightTimedOut', 'ProbesNotStarted', 'Internal'],
};

/** Every pair of outcome and reason that a tick can have. */
export const tickEndings = Object.entries(tickReasons).flatMap(([outcome, reasons]) =>
  reasons.map((reason) => ({ outcome, reason })),
);

/** Phases of a run that is not over. */
export const activePhases = ['pending', 'preflight', 'before', 'inject', 'during', 'settle', 'undo', 'after'] as const;

/** Beyond so many different reasons, what is new counts as `Other`: a label must not grow with what people write. */
const mostReasons = 100;

/** Lets through the first reasons that look like one of ours; everything else becomes `Other`. */
export function createReasonLabel(): (reason: string) => string {
  const known = new Set<string>();
  return (reason) => {
    if (!/^[A-Z][A-Za-z]{0,63}$/.test(reason)) return 'Other';
    if (!known.has(reason) && known.size >= mostReasons) return 'Other';
    known.add(reason);
    return reason;
  };
}
