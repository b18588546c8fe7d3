/** What a monitor could have seen of the run of `sampleJournal`: the targets lose most of their traffic and try again and again, others go on. */
import type { JournalRecord, NetworkTraffic, Phase, PhaseTraffic, TrafficAmount } from '../../../src/api/index.ts';

export const samplingRate = 64;

/** Of samples that all weigh the same. @param payload samples with a full segment each; @param attempts samples that are SYNs */
export function amount(
  samples: number,
  { payload = 0, attempts = 0 }: { payload?: number; attempts?: number } = {},
): TrafficAmount {
  const [frames, payloadBytes] = [samples * samplingRate, payload * samplingRate * 1448];
  return {
    samples,
    frames,
    bytes: frames * 1000,
    connectionAttempts: attempts * samplingRate,
    payloadBytes,
    evenSamples: { frames: samples, payloadBytes: payload },
    ...(samples === 0 ? {} : { source: 'switch 2:1001' }),
  };
}

export function phaseTraffic(
  phase: Phase,
  seconds: number,
  targets: TrafficAmount,
  others: TrafficAmount = amount(0),
  flows: string[] = [],
): PhaseTraffic {
  const targetFlows = flows.map((flow, index) => ({ flow, framesPerSecond: 100 / (index + 1) }));
  return { phase, seconds, targets, others, targetFlows };
}

const usualFlow = '10.80.0.5 to 10.80.0.7 tcp 8080';

export function sampleTraffic(flow = usualFlow): NetworkTraffic {
  return {
    phases: [
      phaseTraffic('before', 10, amount(200, { payload: 150, attempts: 20 }), amount(400), [
        flow,
        '10.80.0.5 to 10.80.0.9 udp 53',
      ]),
      phaseTraffic('during', 30, amount(150, { payload: 40, attempts: 60 }), amount(1230), [flow]),
      phaseTraffic('after', 10, amount(190, { payload: 150, attempts: 22 }), amount(395), [flow]),
    ],
  };
}

/** The journal with a record of traffic before its verdict, as a control process writes it. */
export function withTraffic(records: readonly JournalRecord[], traffic: NetworkTraffic, monitor = 'shop/web'): JournalRecord[] {
  const last = records.at(-1);
  if (last === undefined) throw new Error('expected a journal with records');
  const { time, run, sequence } = last;
  return [
    ...records.slice(0, -1),
    { time, run, sequence, type: 'traffic', monitor, traffic },
    { ...last, sequence: sequence + 1 },
  ];
}
