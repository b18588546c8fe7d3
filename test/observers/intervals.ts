/** Datagrams for detectors: what came between two instants. */
import fc from 'fast-check';
import type { SampledInterval } from '../../src/observers/index.ts';

export const samplingRate = 64;

export function sampled(fromMs: number, toMs: number, samples: number, lostDatagrams = 0): SampledInterval {
  const weight = samples * samplingRate;
  return { fromMs, toMs, samples, weight, heaviest: samples > 0 ? samplingRate : 0, lostDatagrams };
}

/** One datagram every `everyMs`, each with as many samples as listed. */
export function series(counts: readonly number[], everyMs = 100): SampledInterval[] {
  return counts.map((samples, index) => sampled(index * everyMs, (index + 1) * everyMs, samples));
}

export const anySeries = fc
  .array(fc.record({ lengthMs: fc.integer({ min: 0, max: 5000 }), samples: fc.integer({ min: 0, max: 30 }) }), { maxLength: 60 })
  .map((parts) => {
    let atMs = 0;
    return parts.map(({ lengthMs, samples }) => sampled(atMs, (atMs += lengthMs), samples));
  });
