/** Sampled traffic as a collector sees it: samples of a known rate, held back and batched as Open vSwitch's exporter does. Pure. */
import type { SampledInterval } from '../../src/observers/index.ts';

/**
 * How samples come about. `poisson`: one packet of N of traffic of many. `waves`: twice the rate for 50 ms, then nothing for 50 ms.
 * `trains` and `long-trains`: packets come in trains of N/4 and of N on average (geometric), so that one can give several samples at once.
 */
export const arrivals = ['poisson', 'waves', 'trains', 'long-trains'] as const;
export type Arrivals = (typeof arrivals)[number];

export type Traffic = {
  arrivals: Arrivals;
  /** Mean number of samples a second until `stepAtMs`, and from then on. */
  before: number;
  after: number;
  stepAtMs: number;
  endMs: number;
  samplingRate: number;
  /** In [0, 1). */
  random: () => number;
};

const batchSamples = 7;
const tickMs = 1000;
const waveMs = 100;
/** Share of the samples after which the same train gives another: thinned geometric lengths stay geometric, m / (1 + m) with m their mean length over N. */
const anotherSample: Record<Arrivals, number> = { poisson: 0, waves: 0, trains: 0.2, 'long-trains': 0.5 };

/** Open vSwitch sends with the seventh sample, and once a second what is there; here an empty datagram, too, such as counters make. */
export function* sampledTraffic({ random, samplingRate, ...traffic }: Traffic): Generator<SampledInterval> {
  const waveStartMs = random() * waveMs;
  let [atMs, sentMs, tick, held] = [0, 0, random() * tickMs, 0];
  const send = (toMs: number): SampledInterval => {
    const [fromMs, samples] = [sentMs, held];
    [sentMs, held] = [toMs, 0];
    const weight = samples * samplingRate;
    return { fromMs, toMs, samples, weight, heaviest: samples > 0 ? samplingRate : 0, lostDatagrams: 0 };
  };
  while (atMs < traffic.endMs) {
    atMs = nextArrival(traffic, atMs, waveStartMs, random);
    for (; tick < Math.min(atMs, traffic.endMs); tick += tickMs) yield send(tick);
    if (atMs >= traffic.endMs) return;
    for (let more = true; more; more = random() < anotherSample[traffic.arrivals]) {
      held += 1;
      if (held === batchSamples) yield send(atMs);
    }
  }
}

/** The next instant at which a sample, or a train that gives one, comes: by thinning of the highest rate. */
function nextArrival(
  traffic: Omit<Traffic, 'random' | 'samplingRate'>,
  fromMs: number,
  waveStartMs: number,
  random: () => number,
): number {
  const perSecond = (atMs: number) => {
    const mean = atMs < traffic.stepAtMs ? traffic.before : traffic.after;
    if (traffic.arrivals === 'waves') return (atMs + waveStartMs) % waveMs < waveMs / 2 ? 2 * mean : 0;
    return mean * (1 - anotherSample[traffic.arrivals]);
  };
  const highest = Math.max(traffic.before, traffic.after) * (traffic.arrivals === 'waves' ? 2 : 1);
  let atMs = fromMs;
  do {
    atMs -= (1000 * Math.log(1 - random())) / highest;
  } while (atMs < traffic.endMs && random() * highest >= perSecond(atMs));
  return atMs;
}
