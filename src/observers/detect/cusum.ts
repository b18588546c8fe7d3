/**
 * The default detector: Page's cumulative sum test of Poisson counts (Page, Biometrika 41, 1954), on samples and not on the
 * smoothed value, whose noise at a few samples a second crosses a threshold by itself.
 *
 * For a change of the rate by a factor g, evidence grows by `weight · ln g − (g − 1) · threshold · time` above, and by
 * `(1 − 1/g) · threshold · time − weight · ln g` below; it never falls under 0. In units of one sample that is the log-likelihood
 * ratio of a rate g times (above) or a g-th (below) of the threshold against the threshold itself. Two charts run side by side: the
 * one with the smaller factor finds small excesses sooner, the one with the larger factor large ones.
 */
import { addHeaviest, type Generation, type Heaviest, startHeaviest } from './heaviest.ts';
import { longestHoldMs, type SampledInterval } from './sampled-interval.ts';

/** The smaller one decides from 1.23 times the threshold on, the larger one from 1.44 times: (g − 1) / ln g. */
export const chartFactors = [1.5, 2] as const;
/** Log-likelihood ratio that decides. Campaign sflow-false-alarms shows what it holds. */
export const decisiveEvidence = 12;
const leastSamples = 10;
const leastDatagrams = 2;

export type CusumSide = 'above' | 'below';

/**
 * How long the heaviest sample is known at least. Above, a heavier one than was thought only raises what is needed. Below, the wait for it
 * would be taken for missing traffic, so much longer, and not while none comes.
 */
const generations: Record<CusumSide, Generation> = {
  above: { ms: 60_000, samples: 0 },
  below: { ms: 600_000, samples: leastSamples },
};

export type CusumRule = {
  side: CusumSide;
  /** In the metric's unit a second. */
  threshold: number;
  /** What a sample weighs at most, as far as is known at the start; heavier ones that come take its place. Above 0. */
  sampleWeight: number;
  /** Variance of the sample counts over their mean, as a baseline measured it; @default 1, that of Poisson arrivals */
  dispersion?: number;
};

type Chart = {
  /** In the metric's unit; over `heaviest` it is a log-likelihood ratio. */
  evidence: number;
  /** Of this series since the evidence was 0 last. */
  samples: number;
  datagrams: number;
};

export type CusumState = { atMs: number; heaviest: Heaviest; charts: readonly Chart[] };

export type CusumDecision = {
  decided: boolean;
  /** Share of the evidence that decides; 1 and more only suffices with enough samples and datagrams. */
  evidence: number;
  samples: number;
  datagrams: number;
};

const noEvidence: Chart = { evidence: 0, samples: 0, datagrams: 0 };

/** Knows nothing of the time before `atMs`. Also how a detector is armed again. */
export function startCusum(rule: CusumRule, atMs: number): CusumState {
  const heaviest = startHeaviest(rule.sampleWeight, atMs, generations[rule.side]);
  return { atMs, heaviest, charts: chartFactors.map(() => noEvidence) };
}

/**
 * Weighs one more interval. Samples of unequal weight count as parts of the heaviest one: since e^x is convex, that never raises
 * the rate of false alarms above that of equal ones. Once the heaviest one is forgotten, the share that was reached stays: what was
 * weighed as parts of it does not become decisive by that. The state is of fixed size.
 */
export function weighInterval(
  rule: CusumRule,
  state: CusumState,
  interval: SampledInterval,
): { state: CusumState; decision: CusumDecision } {
  const heaviest = addHeaviest(state.heaviest, interval);
  const weight = weightOf(heaviest);
  const kept = heaviest === state.heaviest ? 1 : Math.min(1, weight / weightOf(state.heaviest));
  const toMs = Math.max(state.atMs, interval.toMs);
  const step = rule.side === 'above' ? stepAbove : stepBelow;
  const charts = chartFactors.map((factor, index) =>
    step({ chart: lessened(state.charts[index], kept), factor, threshold: rule.threshold, interval, fromMs: state.atMs, toMs }),
  );
  const needed = decisiveEvidence * weight * Math.max(1, rule.dispersion ?? 1);
  const enough = (chart: Chart) =>
    chart.evidence >= needed && chart.datagrams >= leastDatagrams && (rule.side === 'below' || chart.samples >= leastSamples);
  const decisive = charts.find(enough);
  const leading = decisive ?? charts.reduce((most, chart) => (chart.evidence > most.evidence ? chart : most));
  return {
    state: { atMs: toMs, heaviest, charts },
    decision: {
      decided: decisive !== undefined,
      evidence: leading.evidence / needed,
      samples: leading.samples,
      datagrams: leading.datagrams,
    },
  };
}

const weightOf = ({ recent, before }: Heaviest): number => Math.max(recent, before);

const lessened = (chart: Chart = noEvidence, kept: number): Chart =>
  kept < 1 ? { ...chart, evidence: chart.evidence * kept } : chart;

type Step = { chart: Chart; factor: number; threshold: number; interval: SampledInterval; fromMs: number; toMs: number };

/** The quiet part of the time, in which no sample of the datagram can have been taken, counts first, so that the samples are not held against it. */
function stepAbove({ chart, factor, threshold, interval, fromMs, toMs }: Step): Chart {
  const sampledFromMs = Math.min(toMs, Math.max(fromMs, interval.fromMs, toMs - longestHoldMs));
  const expectedFor = (milliseconds: number) => ((factor - 1) * threshold * milliseconds) / 1000;
  const afterQuiet = Math.max(0, chart.evidence - expectedFor(sampledFromMs - fromMs));
  const evidence = afterQuiet + interval.weight * Math.log(factor) - expectedFor(toMs - sampledFromMs);
  return counted(afterQuiet > 0 ? chart : noEvidence, evidence, interval.samples, interval.samples > 0 ? 1 : 0);
}

/** Time counts only up to a datagram, which shows that the exporter lives, and not where datagrams are known to be lost. */
function stepBelow({ chart, factor, threshold, interval, fromMs, toMs }: Step): Chart {
  const missing = interval.lostDatagrams > 0 ? 0 : ((1 - 1 / factor) * threshold * (toMs - fromMs)) / 1000;
  return counted(chart, chart.evidence + missing - interval.weight * Math.log(factor), interval.samples, 1);
}

function counted(chart: Chart, evidence: number, samples: number, datagrams: number): Chart {
  if (evidence <= 0) return noEvidence;
  return { evidence, samples: chart.samples + samples, datagrams: chart.datagrams + datagrams };
}
