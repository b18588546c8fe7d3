import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  createFlowTable,
  createThresholdWatch,
  defineFlow,
  type DetectorRule,
  type FlowFields,
  predictedCusumDelay,
  type ThresholdEvent,
} from '../../src/observers/index.ts';

/** 50 packets/s of pings, and 2,000 packets/s of UDP for eight seconds. */
type Recording = {
  samplingRate: number;
  stepOnMs: number;
  stepOffMs: number;
  datagrams: { atMs: number; packets: FlowFields[] }[];
};
const recording = JSON.parse(
  readFileSync(new URL('../fixtures/sflow/ovs-step-2000pps-s128.json', import.meta.url), 'utf8'),
) as Recording;

function replay(rule: DetectorRule, sinceMs = 0): ThresholdEvent[] {
  const { samplingRate } = recording;
  const datagrams = recording.datagrams.filter(({ atMs }) => atMs >= sinceMs);
  const definition = defineFlow({ keys: ['ipsource', 'ipdestination', 'udpdestinationport'], value: 'frames' });
  const table = createFlowTable(definition, { smoothingMs: 2000, mostFlows: 100 });
  const watch = createThresholdWatch(rule);
  return datagrams.flatMap(({ atMs, packets }, index) => {
    const fromMs = datagrams[index - 1]?.atMs ?? atMs;
    const samples = packets.map((fields) => ({ fields, samplingRate }));
    return watch.observe('ovs', table.observe({ source: 'ovs', fromMs, toMs: atMs, lostDatagrams: 0, samples }));
  });
}

const ofFrames = (threshold: number, side: 'above' | 'below' = 'above'): DetectorRule => ({
  detector: 'cusum',
  side,
  threshold,
  sampleWeight: recording.samplingRate,
  rearmMs: 60_000,
});

describe('the detectors on what a real Open vSwitch sent of a step', () => {
  const predicted = (threshold: number) => {
    const samplesPerSecond = threshold / recording.samplingRate;
    return 1000 * (predictedCusumDelay({ samplesPerSecond, after: 2000 / threshold, before: 0 })?.p95 ?? NaN);
  };
  const cases: [string, DetectorRule, number][] = [
    ['cusum, threshold 500/s', ofFrames(500), predicted(500)],
    ['cusum, threshold 1000/s', ofFrames(1000), predicted(1000)],
    ['ewma, threshold 1000/s', { detector: 'ewma', threshold: 1000, smoothingMs: 2000, rearmMs: 60_000 }, 2000],
  ];
  it.each(cases)('%s: names the flow once, within the predicted time', (_title, rule, mostMs) => {
    const [event, ...others] = replay(rule);
    expect(others).toEqual([]);
    expect(event?.flow).toBe('10.77.0.1,10.77.0.2,5201');
    expect((event?.atMs ?? NaN) - recording.stepOnMs).toBeGreaterThan(0);
    expect((event?.atMs ?? NaN) - recording.stepOnMs).toBeLessThan(mostMs);
  });

  it('says below that the flow has ended, only after it has', () => {
    const [event, ...others] = replay(ofFrames(1000, 'below'), recording.stepOnMs);
    expect(others).toEqual([]);
    expect((event?.atMs ?? NaN) - recording.stepOffMs).toBeGreaterThan(0);
    expect((event?.atMs ?? NaN) - recording.stepOffMs).toBeLessThan(6000);
  });

  it('are silent of a threshold that the step does not meet', () => {
    expect(replay(ofFrames(3000))).toEqual([]);
  });
});
