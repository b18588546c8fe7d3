/**
 * The traffic of one run by phase: that of its targets, and all other. A packet is sampled on every switch that it passes, so data sources are
 * never added up; of each class the one that saw most of it speaks for the whole run, for only what was seen from one place can be compared.
 */
import { type NetworkTraffic, type Phase, phases, type TrafficAmount } from '../../api/index.ts';
import { createTargetFlows, type TargetFlows } from './flows.ts';
import { flowOf, type TrafficSample } from './sample.ts';
import { addTraffic, amountOf, noTraffic, type TrafficSums } from './sums.ts';

/** Instants are milliseconds of one clock that never goes back; a sample is of the phase in which it comes. */
export type TrafficLedger = {
  observe: (sample: TrafficSample) => void;
  /** From now on samples are of this phase. Of one that was entered before, it goes on with what it had. */
  enter: (phase: Phase, nowMs: number) => void;
  /** Phases that lasted for some time, or in which something was sampled. */
  view: (nowMs: number) => NetworkTraffic;
};

export type TrafficLedgerOptions = {
  /** Canonical addresses of the run's targets. */
  targets: Iterable<string>;
  /** It starts in phase `before`. */
  startedAtMs: number;
  /** @default 1024; the one that was silent longest leaves, with all its sums */
  mostSources?: number;
  /** Of the targets, in each phase; @default 2000 */
  mostFlows?: number;
};

type TrafficClass = 'targets' | 'others';
type SourceSums = Record<Phase, Record<TrafficClass, TrafficSums>>;

/** How many flows of the targets a view shows. */
const shownFlows = 10;

export function createTrafficLedger(options: TrafficLedgerOptions): TrafficLedger {
  const { startedAtMs, mostSources = 1024, mostFlows = 2000 } = options;
  const targets = new Set(options.targets);
  /** The one silent longest first. */
  const sources = new Map<string, SourceSums>();
  const flows = ofEachPhase(() => createTargetFlows(mostFlows));
  const lasted = ofEachPhase(() => 0);
  let current: Phase = 'before';
  let reachedMs = startedAtMs;

  function passTo(nowMs: number): void {
    lasted[current] += Math.max(0, nowMs - reachedMs);
    reachedMs = Math.max(reachedMs, nowMs);
  }

  function sumsOf(source: string): SourceSums {
    const sums = sources.get(source) ?? ofEachPhase(() => ({ targets: noTraffic(), others: noTraffic() }));
    sources.delete(source);
    sources.set(source, sums);
    const [silent] = sources.keys();
    if (sources.size > mostSources && silent !== undefined) sources.delete(silent);
    return sums;
  }

  const isTarget = (address: string | undefined): boolean => address !== undefined && targets.has(address);

  return {
    observe: (sample) => {
      const ofTargets = isTarget(sample.ipSource) || isTarget(sample.ipDestination);
      addTraffic(sumsOf(sample.source)[current][ofTargets ? 'targets' : 'others'], sample);
      const flow = ofTargets ? flowOf(sample) : undefined;
      if (flow !== undefined) flows[current].add(sample.source, flow, sample.samplingRate);
    },
    enter: (phase, nowMs) => {
      passTo(nowMs);
      current = phase;
    },
    view: (nowMs) => {
      passTo(nowMs);
      const speaking = { targets: speakingSource(sources, 'targets'), others: speakingSource(sources, 'others') };
      return {
        phases: phases.flatMap((phase) => {
          const seconds = lasted[phase] / 1000;
          const ofTargets = seenIn(sources, phase, 'targets', speaking.targets);
          const others = seenIn(sources, phase, 'others', speaking.others);
          if (seconds === 0 && ofTargets.samples + others.samples === 0) return [];
          return { phase, seconds, targets: ofTargets, others, targetFlows: shown(flows[phase], ofTargets.source, seconds) };
        }),
      };
    },
  };
}

function ofEachPhase<Value>(make: () => Value): Record<Phase, Value> {
  return { before: make(), during: make(), after: make() };
}

type Sources = ReadonlyMap<string, SourceSums>;

/** Of two that saw equally much the one whose name comes first, so that views do not depend on the order of samples. */
function largestBy(sources: Sources, framesOf: (sums: SourceSums) => number): string | undefined {
  let largest: { source: string; frames: number } | undefined;
  for (const [source, sums] of sources) {
    const frames = framesOf(sums);
    if (frames === 0 || frames < (largest?.frames ?? 0)) continue;
    if (frames === largest?.frames && source > largest.source) continue;
    largest = { source, frames };
  }
  return largest?.source;
}

function speakingSource(sources: Sources, ofClass: TrafficClass): string | undefined {
  return largestBy(sources, (sums) => phases.reduce((frames, phase) => frames + sums[phase][ofClass].frames, 0));
}

/**
 * What the speaking source saw, also where that is nothing: a partition silences it. Only where whoever saw most in that phase saw nothing while
 * it did speak, packets have taken another way, and that one tells of them.
 */
function seenIn(sources: Sources, phase: Phase, ofClass: TrafficClass, speaking: string | undefined): TrafficAmount {
  const own = speaking === undefined ? undefined : sources.get(speaking);
  if (own === undefined) return amountOf(noTraffic(), undefined);
  const other = own[phase][ofClass].samples > 0 ? undefined : largestBy(sources, (sums) => sums[phase][ofClass].frames);
  const ofOther = other === undefined ? undefined : sources.get(other);
  const isAnotherWay =
    ofOther !== undefined && phases.every((one) => own[one][ofClass].samples === 0 || ofOther[one][ofClass].samples === 0);
  return isAnotherWay ? amountOf(ofOther[phase][ofClass], other) : amountOf(own[phase][ofClass], speaking);
}

function shown(flows: TargetFlows, source: string | undefined, seconds: number): { flow: string; framesPerSecond: number }[] {
  if (source === undefined || seconds === 0) return [];
  return flows.largest(source, shownFlows).map(({ flow, frames }) => ({ flow, framesPerSecond: frames / seconds }));
}
