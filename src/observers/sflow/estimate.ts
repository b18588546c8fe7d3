/**
 * How much traffic samples stand for. Pure. Source: Phaal and Panchen, Packet Sampling Basics (sflow.org/packetSamplingBasics): a sample stands for as
 * many packets as its own rate says, and the estimate of a class of packets is off by at most 196·√(1/c) % in 95 of 100 cases, c being its samples.
 */
export type Estimate = {
  samples: number;
  frames: number;
  /** Of whole frames, frame check sequence included, as sFlow counts them. */
  bytes: number;
  /** Without what the sender's device does not count either, as `stripped` says: what Linux shows for an interface. */
  deviceBytes: number;
  /** Sum of the squares of what each sample adds to `bytes`. */
  squaredBytes: number;
};

export const noEstimate: Estimate = { samples: 0, frames: 0, bytes: 0, deviceBytes: 0, squaredBytes: 0 };

/** @param sample lengths in bytes; `stripped` is 0 where it is not known */
export function addSample(
  estimate: Estimate,
  { rate, frameLength, stripped }: { rate: number; frameLength: number; stripped: number },
): Estimate {
  const bytes = rate * frameLength;
  return {
    samples: estimate.samples + 1,
    frames: estimate.frames + rate,
    bytes: estimate.bytes + bytes,
    deviceBytes: estimate.deviceBytes + rate * Math.max(0, frameLength - stripped),
    squaredBytes: estimate.squaredBytes + bytes * bytes,
  };
}

/** Percent; infinite without a sample. */
export const framesErrorPercent95 = ({ samples }: Estimate): number => 196 * Math.sqrt(1 / samples);

/** Percent, like that of frames but for lengths that differ: equal to it where all are equal, and larger otherwise. */
export const bytesErrorPercent95 = ({ bytes, squaredBytes }: Estimate): number =>
  bytes === 0 ? Infinity : (196 * Math.sqrt(squaredBytes)) / bytes;
