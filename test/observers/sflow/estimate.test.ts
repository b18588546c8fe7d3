import { describe, expect, it } from 'vitest';
import {
  addSample,
  bytesErrorPercent95,
  createDatagramDecoder,
  type Estimate,
  framesErrorPercent95,
  noEstimate,
} from '../../../src/observers/index.ts';
import { payloadsOf, recordingNames, truthOf } from './recordings.ts';

/** Of each flow by its source address at Ethernet: packets of the first namespace, and those of the second. */
async function estimatesOf(name: string): Promise<Estimate[]> {
  const decode = createDatagramDecoder();
  const estimates = new Map<string, Estimate>();
  for (const payload of await payloadsOf(name, 'bin')) {
    const datagram = decode(payload);
    if (!('samples' in datagram)) throw new Error(datagram.error);
    for (const sample of datagram.samples) {
      if (sample.kind !== 'flow') continue;
      const { rate = 0, frameLength = 0, stripped = 0, macSource = '' } = sample;
      estimates.set(macSource, addSample(estimates.get(macSource) ?? noEstimate, { rate, frameLength, stripped }));
    }
  }
  return ['ea:29:48:81:0a:09', 'b6:4a:1a:52:8b:55'].map((mac) => estimates.get(mac) ?? noEstimate);
}

/** What each namespace has really sent. */
function sentBy(name: string): { packets: number; bytes: number }[] {
  const delta = truthOf(name).netns_eth0_counter_delta;
  const fact = (key: string): number => delta[key] ?? Number.NaN;
  return [
    { packets: fact('ns1_tx_packets'), bytes: fact('ns1_tx_bytes') },
    // What the first receives is what the second sends: not every truth file has the second's counters.
    { packets: fact('ns1_rx_packets'), bytes: fact('ns1_rx_bytes') },
  ];
}

const percentOff = (estimated: number, real: number): number => (Math.abs(estimated - real) / real) * 100;

describe.each(recordingNames)('the estimate from %s', (name) => {
  it('of the frames of each flow lies within its bound of what was really sent', async () => {
    const estimates = await estimatesOf(name);
    sentBy(name).forEach(({ packets }, index) => {
      const estimate = estimates[index] ?? noEstimate;
      expect(percentOff(estimate.frames, packets)).toBeLessThanOrEqual(framesErrorPercent95(estimate));
    });
  });

  it('of the bytes of each flow lies within its bound of what was really sent', async () => {
    const estimates = await estimatesOf(name);
    sentBy(name).forEach(({ bytes }, index) => {
      const estimate = estimates[index] ?? noEstimate;
      expect(percentOff(estimate.deviceBytes, bytes)).toBeLessThanOrEqual(bytesErrorPercent95(estimate));
    });
  });
});

describe('an estimate', () => {
  it('is exact where every packet is sampled: 100 packets and 24,200 bytes', async () => {
    const [first = noEstimate, second = noEstimate] = await estimatesOf('ovs-exact-s1');
    expect(first.frames + second.frames).toBe(100);
    expect(first.deviceBytes + second.deviceBytes).toBe(24_200);
  });

  it.each([
    [10, 62],
    [96, 20],
    [384, 10],
    [10_000, 2],
  ])('from %i samples of one length is off by %i %% at most, of frames as of bytes', (samples, percent) => {
    let estimate = noEstimate;
    for (let index = 0; index < samples; index += 1) {
      estimate = addSample(estimate, { rate: 64, frameLength: 1000, stripped: 4 });
    }
    expect(Math.round(framesErrorPercent95(estimate))).toBe(percent);
    expect(bytesErrorPercent95(estimate)).toBeCloseTo(framesErrorPercent95(estimate));
  });

  it('knows nothing without a sample', () => {
    expect([framesErrorPercent95(noEstimate), bytesErrorPercent95(noEstimate)]).toEqual([Infinity, Infinity]);
  });
});
