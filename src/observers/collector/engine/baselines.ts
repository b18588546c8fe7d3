/**
 * The steady state of a threshold's flows before a fault: above, of each flow, as the metric is the value of the largest one; below, of all flows of each
 * source. Bounded: the smallest flows are left out.
 */
import { addToBaseline, type Baseline, baselineOf, type BaselineState, startBaseline } from '../../detect/baseline.ts';
import { longestHoldMs, type SampledInterval } from '../../detect/sampled-interval.ts';
import { quietInterval, type TableChange } from '../../flows/table.ts';

export type FoundBaseline = { baseline: Baseline } | { baseline: undefined; missing: string };

export type Baselines = {
  /** @param heardSinceMs when the agent was first heard */
  add: (change: TableChange, heardSinceMs: number) => void;
  /** Of the largest series that has one. */
  largest: (nowMs: number) => FoundBaseline;
  /** Of the sources that have one; of flows, of their sources, of which each has the one of its largest. */
  bySource: (nowMs: number) => Map<string, Baseline>;
  size: () => number;
};

/** `untilMs`: the time up to there is counted. */
type Gathered = { source: string; state: BaselineState; untilMs: number };

const seriesKept = 1000;

export function startBaselines(side: 'above' | 'below', startedMs: number): Baselines {
  let series = new Map<string, Gathered>();
  const heardUntil = new Map<string, number>();

  function gather(id: string, source: string, interval: SampledInterval, heardSinceMs: number): void {
    const known = series.get(id);
    // Since its last sample, not since the datagram before: what lies between was quiet.
    const fromMs = Math.min(known?.untilMs ?? Math.max(startedMs, heardSinceMs), interval.toMs);
    const state = addToBaseline(known?.state ?? startBaseline(), { ...interval, fromMs });
    series.set(id, { source, state, untilMs: interval.toMs });
    if (series.size > 2 * seriesKept) series = new Map(ordered().slice(0, seriesKept));
  }

  const ordered = () => [...series].sort(([, one], [, other]) => weightOf(other.state) - weightOf(one.state));

  function completed({ source, state, untilMs }: Gathered, nowMs: number): FoundBaseline {
    const heardMs = heardUntil.get(source) ?? untilMs;
    // What was sampled of late may still be on its way.
    const toMs = nowMs - heardMs <= longestHoldMs ? heardMs : nowMs;
    return baselineOf(addToBaseline(state, quietInterval({ fromMs: untilMs, toMs, lostDatagrams: 0 })));
  }

  return {
    add: ({ source, flows, total }, heardSinceMs) => {
      if (heardUntil.size > 2 * seriesKept) heardUntil.clear();
      heardUntil.set(source, total.toMs);
      if (side === 'below') gather(source, source, total, heardSinceMs);
      else for (const { id, interval } of flows) gather(id, source, interval, heardSinceMs);
    },
    largest: (nowMs) => {
      const [first] = ordered();
      return first === undefined ? baselineOf(startBaseline()) : completed(first[1], nowMs);
    },
    bySource: (nowMs) => {
      const found = new Map<string, Baseline>();
      for (const [, gathered] of ordered()) {
        const { baseline } = completed(gathered, nowMs);
        if (baseline !== undefined && !found.has(gathered.source)) found.set(gathered.source, baseline);
      }
      return found;
    },
    size: () => series.size,
  };
}

const weightOf = ({ closed, open }: BaselineState): number => closed.weight + open.weight;
