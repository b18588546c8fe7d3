import type { Dose, HypothesisRecord, SignalRecord, Verdict } from '../api/index.ts';

/** Why a run left its normal way; the first that happened stays. */
export type Ending =
  | { kind: 'refused'; reason: string; message: string }
  /** `at`: when what cut the run happened, in milliseconds since 1970, where that is known; `signal`: where a monitor did. */
  | { kind: 'aborted'; reason: string; message: string; at?: number; signal?: SignalRecord }
  | { kind: 'error'; reason: string; message: string };

/** All that a verdict depends on. */
export type Outcome = {
  hasFault: boolean;
  /** Whether the run ever wrote that a fault may be in a kernel. */
  touched: boolean;
  undo: { proven: boolean; residue: number; changedByOthers: readonly string[] };
  ending?: Ending;
  dose: readonly (Dose & { target: string })[];
  hypothesis: readonly HypothesisRecord[];
};

export type Judgement = { verdict: Verdict; reason: string; message: string };

type Rule = (outcome: Outcome) => Judgement | undefined;

/** The table of contracts.md: the first rule that matches gives the verdict. The order is part of the contract. */
const rules: readonly Rule[] = [cleanUpIncomplete, engineFailed, refused, aborted, noDose, violated, undecided];

export function judge(outcome: Outcome): Judgement {
  for (const rule of rules) {
    const judgement = rule(outcome);
    if (judgement) return judgement;
  }
  const message = outcome.hasFault
    ? 'the steady state held before, during and after the fault, and nothing was left behind'
    : 'the steady state held';
  return { verdict: 'Passed', reason: 'SteadyStateHeld', message };
}

function cleanUpIncomplete({ touched, undo }: Outcome): Judgement | undefined {
  if (undo.residue !== 0) {
    return {
      verdict: 'Errored',
      reason: 'CleanUpIncomplete',
      message: `${String(undo.residue)} things of ours are still in a kernel`,
    };
  }
  if (touched && !undo.proven) {
    return {
      verdict: 'Errored',
      reason: 'CleanUpIncomplete',
      message: 'the undo could not be proven; the kernel lease ends the fault',
    };
  }
  return undefined;
}

function engineFailed({ ending }: Outcome): Judgement | undefined {
  return ending?.kind === 'error' ? { verdict: 'Errored', reason: ending.reason, message: ending.message } : undefined;
}

function refused({ ending }: Outcome): Judgement | undefined {
  return ending?.kind === 'refused' ? { verdict: 'Refused', reason: ending.reason, message: ending.message } : undefined;
}

function aborted({ ending }: Outcome): Judgement | undefined {
  return ending?.kind === 'aborted' ? { verdict: 'Aborted', reason: ending.reason, message: ending.message } : undefined;
}

function noDose({ hasFault, dose }: Outcome): Judgement | undefined {
  if (!hasFault) return undefined;
  const missing = dose.find(({ ok }) => !ok);
  if (dose.length > 0 && !missing) return undefined;
  const message = missing
    ? `${missing.target}: ${String(missing.requested.value)} ${missing.requested.unit} was asked for, ` +
      `${String(Number(missing.measured.value.toFixed(3)))} ${missing.measured.unit} was measured over ${String(missing.samples)} samples`
    : 'the fault could not be shown to have acted on any traffic';
  return { verdict: 'Inconclusive', reason: 'NoDose', message };
}

function violated({ hypothesis }: Outcome): Judgement | undefined {
  const record = hypothesis.find(({ phase, outcome }) => phase !== 'before' && outcome === 'violated');
  if (!record) return undefined;
  const reason = record.phase === 'after' ? 'NotRecovered' : 'HypothesisViolated';
  return { verdict: 'Failed', reason, message: `${record.name}, ${record.phase}: ${record.reason}` };
}

function undecided({ hypothesis, undo }: Outcome): Judgement | undefined {
  const record = hypothesis.find(({ outcome }) => outcome === 'undecided');
  if (record)
    return { verdict: 'Inconclusive', reason: 'Undecided', message: `${record.name}, ${record.phase}: ${record.reason}` };
  if (undo.changedByOthers.length > 0) {
    return { verdict: 'Inconclusive', reason: 'ChangedByOthers', message: undo.changedByOthers.join('; ') };
  }
  return undefined;
}
