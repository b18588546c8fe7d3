/** Whether a threshold can be decided at all at a sampling rate, asked before anything is monitored. */

const refusedBelow = 8;
const warnedBelow = 50;

export type ThresholdSampling = {
  /** In the metric's unit a second. */
  threshold: number;
  smoothingMs: number;
  /** N: one packet of N is sampled. */
  samplingRate: number;
  /** What one packet adds to the metric at most: 1 of frames, the longest frame of bytes. */
  packetValue: number;
};

export type DetectionPower = {
  judgement: 'refused' | 'warned' | 'enough';
  /** Samples that the value of a flow at the threshold rests on: 2 · t · T / N. */
  samples: number;
  /** 95 % error of that value: 196 · √(1/samples) % (Phaal and Panchen, "Packet Sampling Basics"). */
  errorPercent: number;
  /** The largest N with which nothing would be warned of; undefined where not even every packet suffices. */
  samplingRateThatWouldDo: number | undefined;
  /** Empty for `enough`. */
  message: string;
};

export function detectionPower({ threshold, smoothingMs, samplingRate, packetValue }: ThresholdSampling): DetectionPower {
  const samplesOfAll = (2 * smoothingMs * threshold) / (1000 * packetValue);
  const samples = samplesOfAll / samplingRate;
  const largest = Math.floor(samplesOfAll / warnedBelow);
  const samplingRateThatWouldDo = largest >= 1 ? largest : undefined;
  const judgement = samples < refusedBelow ? 'refused' : samples < warnedBelow ? 'warned' : 'enough';
  const errorPercent = 196 / Math.sqrt(samples);
  const remedy =
    samplingRateThatWouldDo === undefined
      ? 'not even sampling every packet would do: raise the threshold'
      : `sample one packet of ${String(samplingRateThatWouldDo)} or fewer, or raise the threshold`;
  const finding = `threshold ${String(threshold)} at sampling rate ${String(samplingRate)} rests on ${samples.toFixed(1)} samples (95 % error ${errorPercent.toFixed(0)} %)`;
  const wanted =
    judgement === 'refused' ? `expected at least ${String(refusedBelow)}` : `below ${String(warnedBelow)} decisions are slow`;
  return {
    judgement,
    samples,
    errorPercent,
    samplingRateThatWouldDo,
    message: judgement === 'enough' ? '' : `${finding}; ${wanted}; ${remedy}`,
  };
}
