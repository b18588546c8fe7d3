import { bucketOf, type Sample, type SecondAggregate } from '../api/index.ts';

/** `number` counts the probes of one stream from 0, without gaps, in the order they were sent. */
export type NumberedSample = Sample & { number: number };

/**
 * Turns the samples of one stream into seconds. Samples may come in any order; they are counted in the order they were sent, so a
 * second is given out only when every probe sent in it was answered or timed out, and never changes afterwards.
 */
export type SecondAggregator = {
  /** Seconds that this sample completes, oldest first. */
  add(sample: NumberedSample): SecondAggregate[];
  /** The stream has ended: everything that was settled without a gap. */
  end(): SecondAggregate[];
};

export function createSecondAggregator(): SecondAggregator {
  // Settled probes ahead of one that is still open: at most time-out / period of them.
  const ahead = new Map<number, NumberedSample>();
  let next = 0;
  let current: SecondAggregate | undefined;
  let previousRttMs: number | undefined;

  function count(sample: NumberedSample): SecondAggregate[] {
    const second = Math.floor(sample.sentAt / 1000);
    const complete: SecondAggregate[] = [];
    // A clock that jumps back must not reopen a second that was given out.
    if (current === undefined || second > current.second) {
      if (current !== undefined) complete.push(current);
      current = emptySecond(second);
    }
    addTo(current, sample.rttMs, previousRttMs);
    if (sample.rttMs !== undefined) previousRttMs = sample.rttMs;
    return complete;
  }

  return {
    add(sample) {
      if (sample.number < next || ahead.has(sample.number)) return [];
      ahead.set(sample.number, sample);
      const complete: SecondAggregate[] = [];
      for (let settled = ahead.get(next); settled !== undefined; settled = ahead.get(next)) {
        ahead.delete(next);
        next += 1;
        complete.push(...count(settled));
      }
      return complete;
    },
    end() {
      const last = current === undefined ? [] : [current];
      current = undefined;
      ahead.clear();
      return last;
    },
  };
}

function emptySecond(second: number): SecondAggregate {
  return { second, sent: 0, lost: 0, sumMs: 0, minMs: 0, maxMs: 0, stepSumMs: 0, steps: 0, buckets: {} };
}

function addTo(aggregate: SecondAggregate, rttMs: number | undefined, previousRttMs: number | undefined): void {
  aggregate.sent += 1;
  if (rttMs === undefined) {
    aggregate.lost += 1;
    return;
  }
  const first = aggregate.sent - aggregate.lost === 1;
  aggregate.sumMs += rttMs;
  aggregate.minMs = first ? rttMs : Math.min(aggregate.minMs, rttMs);
  aggregate.maxMs = first ? rttMs : Math.max(aggregate.maxMs, rttMs);
  const bucket = String(bucketOf(rttMs));
  aggregate.buckets[bucket] = (aggregate.buckets[bucket] ?? 0) + 1;
  if (previousRttMs !== undefined) {
    aggregate.stepSumMs += Math.abs(rttMs - previousRttMs);
    aggregate.steps += 1;
  }
}
