import type { Bound, ConnectivityObservation, HypothesisRecord, Phase, Tolerance } from '../api/index.ts';

type Outcome = HypothesisRecord['outcome'];
type Judgement = { outcome: Outcome; reason: string };

const severity: readonly Outcome[] = ['violated', 'undecided', 'held'];

/**
 * Holds what was observed in one phase against a tolerance, stream by stream; the entry's outcome is its worst stream's.
 * @param baseline the same streams as observed before the fault; limits over the baseline are not evaluated in `before`
 */
export function assess(
  name: string,
  phase: Phase,
  observed: readonly ConnectivityObservation[],
  baseline: readonly ConnectivityObservation[],
  tolerance: Tolerance,
): HypothesisRecord {
  const judged = observed.map((observation) => ({
    observation,
    judgement: judgeStream(
      phase,
      observation,
      baseline.find(({ stream }) => stream === observation.stream),
      tolerance,
    ),
  }));
  judged.sort(
    (a, b) =>
      severity.indexOf(a.judgement.outcome) - severity.indexOf(b.judgement.outcome) ||
      b.observation.lossPercent - a.observation.lossPercent ||
      (b.observation.rttP95 ?? 0) - (a.observation.rttP95 ?? 0),
  );
  const worst = judged[0]?.judgement ?? { outcome: 'undecided' as const, reason: 'no probe was sent' };
  const samples = observed.reduce((sum, { sent }) => sum + sent, 0);
  return { name, phase, ...worst, observed: judged.map(({ observation }) => observation), tolerance, samples };
}

function judgeStream(
  phase: Phase,
  observation: ConnectivityObservation,
  baseline: ConnectivityObservation | undefined,
  tolerance: Tolerance,
): Judgement {
  if (observation.sent === 0) return { outcome: 'undecided', reason: `${observation.stream}: no probe was sent` };
  const judgements = Object.entries(tolerance).flatMap(([metric, bound]) =>
    bound === undefined ? [] : judgeMetric(phase, metric, bound, observation, baseline),
  );
  const bad = severity.flatMap((outcome) => judgements.filter((judgement) => judgement.outcome === outcome))[0];
  return bad ?? { outcome: 'held', reason: `${observation.stream}: within tolerance` };
}

function judgeMetric(
  phase: Phase,
  metric: string,
  bound: Bound,
  observation: ConnectivityObservation,
  baseline: ConnectivityObservation | undefined,
): Judgement[] {
  const value = read(observation, metric);
  const subject = `${observation.stream}: ${metric}`;
  if (value === undefined) return [{ outcome: 'undecided', reason: `${subject} could not be measured: nothing was answered` }];
  const limits: { limit: number; words: string }[] = [];
  if (bound.atMost !== undefined) limits.push({ limit: bound.atMost, words: `at most ${text(bound.atMost)}` });
  if (phase !== 'before' && (bound.overBaseline !== undefined || bound.overBaselinePercent !== undefined)) {
    const before = baseline === undefined ? undefined : read(baseline, metric);
    if (before === undefined) return [{ outcome: 'undecided', reason: `${subject} has no baseline from before the fault` }];
    if (bound.overBaseline !== undefined) {
      const limit = before + bound.overBaseline;
      limits.push({ limit, words: `at most ${text(limit)} (${text(bound.overBaseline)} over the baseline of ${text(before)})` });
    }
    if (bound.overBaselinePercent !== undefined) {
      const limit = before * (1 + bound.overBaselinePercent / 100);
      limits.push({
        limit,
        words: `at most ${text(limit)} (${text(bound.overBaselinePercent)} % over the baseline of ${text(before)})`,
      });
    }
  }
  return limits.map(({ limit, words }) => ({
    outcome: value <= limit ? ('held' as const) : ('violated' as const),
    reason: `${subject} is ${text(value)}, ${words}`,
  }));
}

function read(observation: ConnectivityObservation, metric: string): number | undefined {
  const value = observation[metric as keyof ConnectivityObservation];
  return typeof value === 'number' ? value : undefined;
}

function text(value: number): string {
  return String(Number(value.toFixed(3)));
}
