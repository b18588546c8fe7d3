import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../scripts/random.ts';
import type { NetworkTraffic, Phase } from '../../../src/api/index.ts';
import { createTrafficLedger, type TrafficSample } from '../../../src/observers/index.ts';
import { anySample, ofOthers, sample, target } from './samples.ts';

type Step = [phase: Phase, atMs: number, ...samples: TrafficSample[]];

/** Phases in turn, with samples in each at its begin. */
function viewAfter(
  steps: readonly Step[],
  atMs: number,
  limits: { mostSources?: number; mostFlows?: number } = {},
): NetworkTraffic {
  const ledger = createTrafficLedger({ targets: [target, 'fd00:80::5'], startedAtMs: 0, ...limits });
  for (const [phase, nowMs, ...samples] of steps) {
    ledger.enter(phase, nowMs);
    for (const one of samples) ledger.observe(one);
  }
  return ledger.view(atMs);
}

const phaseOf = ({ phases }: NetworkTraffic, name: Phase) => phases.find(({ phase }) => phase === name);
const one = (...samples: TrafficSample[]) => viewAfter([['before', 0, ...samples]], 10_000).phases[0];

describe('a traffic ledger', () => {
  it('estimates frames, bytes and payload of targets and of others by their sampling rates', () => {
    expect(one(sample(), sample({ frameLength: 64, payloadBytes: 0 }), ofOthers({ samplingRate: 400 }))).toMatchObject({
      seconds: 10,
      targets: { samples: 2, frames: 128, bytes: 64 * (1518 + 64), payloadBytes: 64 * 1448, source: 'switch 2:1001' },
      others: { samples: 1, frames: 400, bytes: 400 * 1518 },
    });
  });

  it.each([
    ['that all weigh the same', [64, 64, 64], 3],
    ['of which one weighs more than all others', [1, 1, 1000], 1.004],
  ])('says how many even samples those are worth %s', (_what, rates, frames) => {
    const even = one(...rates.map((samplingRate) => sample({ samplingRate })))?.targets.evenSamples;
    expect(even?.frames).toBeCloseTo(frames, 3);
    expect(even?.payloadBytes).toBeCloseTo(frames, 3);
    expect(one(ofOthers())?.targets.evenSamples).toEqual({ frames: 0, payloadBytes: 0 });
  });

  it.each([
    ['from a target', sample(), true],
    ['to a target', sample({ ipSource: '10.80.0.7', ipDestination: target }), true],
    ['of IPv6, to a target', sample({ ipSource: 'fd00:80::7', ipDestination: 'fd00:80::5' }), true],
    ['between others', ofOthers(), false],
    ['without addresses, such as ARP', sample({ ipSource: undefined, ipDestination: undefined }), false],
  ])('counts a packet %s where it belongs', (_what, packet, isOfTarget) => {
    expect(one(packet)).toMatchObject({ targets: { samples: isOfTarget ? 1 : 0 }, others: { samples: isOfTarget ? 0 : 1 } });
  });

  it.each([
    ['SYN', 6, 2, 1],
    ['SYN with ECN', 6, 0xc2, 1],
    ['SYN and ACK, the answer', 6, 18, 0],
    ['ACK', 6, 16, 0],
    ['the same octet of UDP', 17, 2, 0],
  ])('takes %s for what it is among connection attempts', (_what, ipProtocol, tcpFlags, attempts) => {
    expect(one(sample({ ipProtocol, tcpFlags }))?.targets.connectionAttempts).toBe(64 * attempts);
  });

  it.each([
    [sample(), '10.80.0.5 to 10.80.0.7 tcp 8080'],
    [sample({ sourcePort: 53, destinationPort: 41_000, ipProtocol: 17 }), '10.80.0.5 to 10.80.0.7 udp 53'],
    [sample({ ipProtocol: 1, sourcePort: undefined, destinationPort: undefined }), '10.80.0.5 to 10.80.0.7 icmp'],
    [sample({ ipProtocol: 253, sourcePort: undefined }), '10.80.0.5 to 10.80.0.7 protocol 253'],
    [sample({ ipProtocol: undefined, sourcePort: undefined }), '10.80.0.5 to 10.80.0.7'],
  ])('names the flow of a packet (%#)', (packet, flow) => {
    expect(one(packet)?.targetFlows).toEqual([{ flow, framesPerSecond: 6.4 }]);
  });

  it('shows the ten largest flows of the targets, largest first, and none of others', () => {
    const flows = Array.from({ length: 15 }, (_, index) =>
      Array.from({ length: index + 1 }, () => sample({ destinationPort: 100 + index })),
    ).flat();
    const shown = one(ofOthers({ destinationPort: 9 }), ...flows)?.targetFlows ?? [];
    expect(shown.map(({ flow }) => flow)).toEqual(
      Array.from({ length: 10 }, (_, index) => `10.80.0.5 to 10.80.0.7 tcp ${String(114 - index)}`),
    );
  });

  it('keeps phases apart, goes on with one that is entered again, and shows none that never was', () => {
    const traffic = viewAfter(
      [
        ['before', 0, sample()],
        ['during', 4000, sample(), sample()],
        ['before', 5000, sample()],
      ],
      7000,
    );
    expect(traffic.phases.map(({ phase, seconds, targets }) => [phase, seconds, targets.samples])).toEqual([
      ['before', 6, 2],
      ['during', 1, 2],
    ]);
    expect(viewAfter([['during', 0]], 1000).phases.map(({ phase }) => phase)).toEqual(['during']);
  });

  it('never counts time that goes back', () => {
    const traffic = viewAfter(
      [
        ['before', 5000],
        ['during', 3000],
        ['after', 6000],
      ],
      2000,
    );
    expect(traffic.phases.map(({ phase, seconds }) => [phase, seconds])).toEqual([
      ['before', 5],
      ['during', 1],
    ]);
  });
});

describe('what several data sources see', () => {
  const times = (count: number, packet: TrafficSample) => Array.from({ length: count }, () => packet);

  it('is never added up: the one that saw most of a class speaks for it in every phase', () => {
    const [leaf, spine] = [sample({ source: 'leaf' }), sample({ source: 'spine' })];
    const others = ofOthers({ source: 'spine' });
    const traffic = viewAfter(
      [
        ['before', 0, ...times(5, leaf), ...times(4, spine), ...times(3, others)],
        ['during', 1000, ...times(2, leaf), ...times(3, spine), ...times(2, { ...others, source: 'leaf' }), others],
      ],
      2000,
    );
    const seen = traffic.phases.map(({ targets, others: rest }) => [targets.source, targets.samples, rest.source, rest.samples]);
    expect(seen).toEqual([
      ['leaf', 5, 'spine', 3],
      ['leaf', 2, 'spine', 1],
    ]);
    expect(phaseOf(traffic, 'during')?.targetFlows).toEqual([{ flow: '10.80.0.5 to 10.80.0.7 tcp 8080', framesPerSecond: 128 }]);
  });

  it('is told by another where the one that speaks saw nothing: packets took another way', () => {
    const traffic = viewAfter(
      [
        ['before', 0, ...times(5, sample({ source: 'left' }))],
        ['during', 1000, ...times(4, sample({ source: 'right' }))],
      ],
      2000,
    );
    expect(phaseOf(traffic, 'during')?.targets).toMatchObject({ source: 'right', samples: 4 });
  });

  it('is told by the one that speaks also where a fault has silenced it, and others never saw it all', () => {
    const [leaf, spine] = [sample({ source: 'leaf' }), sample({ source: 'spine' })];
    const traffic = viewAfter(
      [
        ['before', 0, ...times(10, leaf), ...times(9, spine)],
        ['during', 1000, spine],
      ],
      2000,
    );
    expect(phaseOf(traffic, 'during')).toMatchObject({ targets: { source: 'leaf', samples: 0, frames: 0 }, targetFlows: [] });
  });

  it('is bounded: the source that was silent longest leaves, and so do flows', () => {
    const names = ['a', 'b', 'a', 'c'];
    const traffic = viewAfter([['before', 0, ...names.map((source) => sample({ source })), sample({ source: 'c' })]], 1000, {
      mostSources: 2,
    });
    expect(phaseOf(traffic, 'before')?.targets).toMatchObject({ source: 'a', samples: 2 });
    const ports = [1, 2, 1, 3].map((destinationPort) => sample({ destinationPort }));
    const flows = phaseOf(viewAfter([['before', 0, ...ports]], 1000, { mostFlows: 2 }), 'before')?.targetFlows;
    expect(flows?.map(({ flow }) => flow.replace(/.* /, ''))).toEqual(['1', '3']);
  });
});

describe('sums of a traffic ledger', () => {
  const sumOf = (samples: readonly TrafficSample[], value: (one: TrafficSample) => number) =>
    samples.reduce((sum, packet) => sum + value(packet), 0);

  it('lose nothing: targets and others of a source are all that it sampled', () => {
    fc.assert(
      fc.property(fc.array(anySample, { maxLength: 60 }), (drawn) => {
        const samples = drawn.map((packet) => ({ ...packet, source: 'only' }));
        const seen = one(...samples);
        const total = (part: 'samples' | 'frames' | 'bytes' | 'payloadBytes') =>
          (seen?.targets[part] ?? 0) + (seen?.others[part] ?? 0);
        expect(total('samples')).toBe(samples.length);
        expect(total('frames')).toBe(sumOf(samples, ({ samplingRate }) => samplingRate));
        expect(total('bytes')).toBe(sumOf(samples, ({ samplingRate, frameLength }) => samplingRate * frameLength));
        expect(total('payloadBytes')).toBe(sumOf(samples, ({ samplingRate, payloadBytes }) => samplingRate * payloadBytes));
      }),
    );
  });

  it('do not depend on the order of samples within a phase', () => {
    const shuffled = fc
      .array(anySample, { maxLength: 40 })
      .chain((samples) =>
        fc.tuple(fc.constant(samples), fc.shuffledSubarray(samples, { minLength: samples.length, maxLength: samples.length })),
      );
    fc.assert(
      fc.property(shuffled, ([samples, others]) => {
        expect(one(...others)).toEqual(one(...samples));
      }),
    );
  });

  it('estimate traffic within the 95 % error of sampling in about 95 of 100 cases', () => {
    const [packets, samplingRate] = [20_000, 64];
    const within = Array.from({ length: 200 }, (_, seed) => {
      const random = seededRandom(seed);
      const ledger = createTrafficLedger({ targets: [target], startedAtMs: 0 });
      for (let packet = 0; packet < packets; packet += 1) {
        if (random() < 1 / samplingRate) ledger.observe(sample({ samplingRate }));
      }
      const { frames = 0, samples = 0 } = ledger.view(packets).phases[0]?.targets ?? {};
      return Math.abs(frames - packets) <= (frames * 1.96) / Math.sqrt(samples);
    });
    const share = within.filter(Boolean).length / within.length;
    expect(share).toBeGreaterThanOrEqual(0.9);
    expect(share).toBeLessThan(1);
  });
});
