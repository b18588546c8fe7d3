import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createFlowTable,
  createThresholdWatch,
  defineFlow,
  type DetectorRule,
  startDetector,
  type ThresholdEvent,
  weigh,
} from '../../../src/observers/index.ts';
import { anySeries, samplingRate, series } from '../intervals.ts';

const threshold = 10 * samplingRate;
const rules: Record<string, DetectorRule> = {
  cusum: { detector: 'cusum', side: 'above', threshold, sampleWeight: samplingRate, rearmMs: 1000 },
  below: { detector: 'cusum', side: 'below', threshold, sampleWeight: samplingRate, rearmMs: 1000 },
  ewma: { detector: 'ewma', threshold, smoothingMs: 2000, rearmMs: 1000 },
};
const { cusum, below } = rules;

/** Every 100 ms one datagram of a source, with so many packets from each address. */
function watched(rule: DetectorRule | undefined, steps: readonly Record<string, number>[], mostFlows = 100) {
  if (rule === undefined) throw new Error('expected a rule');
  const table = createFlowTable(defineFlow({ keys: ['ipsource'], value: 'frames' }), { smoothingMs: 2000, mostFlows });
  const watch = createThresholdWatch(rule);
  const events: ThresholdEvent[] = steps.flatMap((packets, index) => {
    const samples = Object.entries(packets).flatMap(([ipsource, count]) =>
      Array.from({ length: count }, () => ({ fields: { ipsource, bytes: 100 }, samplingRate })),
    );
    const change = table.observe({ source: 'ovs', fromMs: index * 100, toMs: (index + 1) * 100, lostDatagrams: 0, samples });
    return watch.observe('ovs', change);
  });
  return { events, watch };
}

const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value);

describe('a threshold over the flows of a definition', () => {
  it('names the flow that is above, and not the others', () => {
    const { events } = watched(cusum, times(8, { '10.0.0.1': 5, '10.0.0.2': 1 }));
    expect(events).toEqual([{ source: 'ovs', flow: '10.0.0.1', atMs: 500, samples: 25, limit: threshold }]);
  });

  it('does not add flows up', () => {
    expect(watched(cusum, times(200, { '10.0.0.1': 1, '10.0.0.2': 1, '10.0.0.3': 1 })).events).toEqual([]);
  });

  it('judges the total of a source below, and only once it has carried the traffic', () => {
    expect(watched(below, [...times(50, { '10.0.0.1': 1, '10.0.0.2': 1 }), ...times(30, {})]).events).toMatchObject([
      { source: 'ovs', flow: undefined, atMs: 7400, limit: threshold },
    ]);
    expect(watched(below, times(200, {}))).toMatchObject({ events: [] });
  });

  it('judges a source below that is known to have carried the traffic, though nothing comes of it', () => {
    const rule = below ?? { detector: 'ewma', threshold, smoothingMs: 2000, rearmMs: 1000 };
    const watch = createThresholdWatch((source) => (source === 'ovs' ? rule : undefined));
    watch.watchFrom(
      new Map([
        ['ovs', samplingRate],
        ['other', samplingRate],
      ]),
      0,
    );
    expect(watch.watched(0)).toEqual(new Map([['ovs', samplingRate]]));
    const events = series(times(30, 0)).flatMap((total) =>
      watch.observe('ovs', { source: 'ovs', flows: [], total, evicted: [] }),
    );
    expect(events).toMatchObject([{ source: 'ovs', atMs: 2400 }]);
  });

  it('holds no more detectors than the table holds flows', () => {
    const address = fc.integer({ min: 0, max: 30 }).map((last) => `10.0.0.${String(last)}`);
    const packets = fc.dictionary(address, fc.integer({ min: 1, max: 3 }), { maxKeys: 10 });
    fc.assert(
      fc.property(fc.array(packets, { maxLength: 30 }), fc.integer({ min: 1, max: 8 }), (steps, mostFlows) => {
        expect(watched(cusum, steps, mostFlows).watch.size()).toBeLessThanOrEqual(mostFlows);
      }),
    );
  });
});

describe('a detector', () => {
  const decidedAt = (rule: DetectorRule, counts: readonly number[]) => {
    let state = startDetector(rule, 0);
    return series(counts).flatMap((interval) => {
      const weighed = weigh(rule, state, interval);
      state = weighed.state;
      return weighed.decided ? [interval.toMs] : [];
    });
  };

  it.each(['cusum', 'ewma'])('%s says it once while the condition lasts, and again after it had ended', (name) => {
    const rule = rules[name];
    if (rule === undefined) throw new Error('expected a rule');
    expect(decidedAt(rule, times(100, 5))).toHaveLength(1);
    expect(decidedAt(rule, [...times(20, 5), ...times(100, 0), ...times(20, 5)])).toHaveLength(2);
  });

  it('never decides twice within the time to arm again', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(rules)), anySeries, (rule, intervals) => {
        let state = startDetector(rule, 0);
        let decidedAtMs = -Infinity;
        for (const interval of intervals) {
          const weighed = weigh(rule, state, interval);
          state = weighed.state;
          if (!weighed.decided) continue;
          expect(interval.toMs - decidedAtMs).toBeGreaterThanOrEqual(1000);
          decidedAtMs = interval.toMs;
        }
      }),
    );
  });
});
