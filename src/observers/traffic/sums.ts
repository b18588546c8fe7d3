/** Sums over samples, each standing for as many packets as its own rate says. They do not depend on the order of the samples. */
import type { TrafficAmount } from '../../api/index.ts';
import { isConnectionAttempt, type TrafficSample } from './sample.ts';

/** Changed in place: a collector adds a hundred thousand samples a second. */
export type TrafficSums = Required<Omit<TrafficAmount, 'source' | 'evenSamples'>> & {
  /** Of what each sample adds. */
  squares: { frames: number; payloadBytes: number };
};

export function noTraffic(): TrafficSums {
  const squares = { frames: 0, payloadBytes: 0 };
  return { samples: 0, frames: 0, bytes: 0, connectionAttempts: 0, payloadBytes: 0, squares };
}

export function addTraffic(sums: TrafficSums, sample: TrafficSample): void {
  const { samplingRate, frameLength } = sample;
  const payloadBytes = samplingRate * sample.payloadBytes;
  sums.samples += 1;
  sums.frames += samplingRate;
  sums.bytes += samplingRate * frameLength;
  sums.payloadBytes += payloadBytes;
  if (isConnectionAttempt(sample)) sums.connectionAttempts += samplingRate;
  sums.squares.frames += samplingRate ** 2;
  sums.squares.payloadBytes += payloadBytes ** 2;
}

/** @param source that saw it; undefined where nobody saw any */
export function amountOf({ squares, ...sums }: TrafficSums, source: string | undefined): TrafficAmount {
  const evenSamples = {
    frames: evenly(sums.frames, squares.frames),
    payloadBytes: evenly(sums.payloadBytes, squares.payloadBytes),
  };
  return { ...sums, evenSamples, ...(source === undefined ? {} : { source }) };
}

/** L. Kish, Survey Sampling (1965): the effective size of a sample of unequal weights. */
function evenly(sum: number, squares: number): number {
  return squares === 0 ? 0 : sum ** 2 / squares;
}
