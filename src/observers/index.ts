/**
 * Passive measurements: what sampled traffic (sFlow) says, and when it is enough to act on. Packets as plain records and instants of a
 * monotonic clock come in; values of flows and decisions go out.
 */
export { type Baseline, type BaselineState, addToBaseline, baselineOf, startBaseline } from './detect/baseline.ts';
export { type CusumDecision, type CusumRule, type CusumState, startCusum, weighInterval } from './detect/cusum.ts';
export { type DetectorRule, type DetectorState, startDetector, weigh } from './detect/detector.ts';
export { smoothingMsOf } from './detect/ewma.ts';
export { type DetectionPower, type ThresholdSampling, detectionPower } from './detect/power.ts';
export { predictedCusumDelay, predictedEwmaDelay } from './detect/predicted-delay.ts';
export { type RelativeThreshold, thresholdOver } from './detect/relative.ts';
export { type SampledInterval } from './detect/sampled-interval.ts';
export { type AgentRecord, type Signal, lostAfterMs, signalOf, usualPollingMs } from './detect/signal.ts';
export { type ThresholdEvent, type ThresholdWatch, createThresholdWatch } from './detect/watch.ts';
export { type FlowDefinition, type WrittenFlow, defineFlow } from './flows/definition.ts';
export { touchesAddress } from './flows/exempt.ts';
export { type FlowFields, flowKeyNames } from './flows/fields.ts';
export { type ActiveFlow, type DatagramSamples, type FlowTable, type TableChange, createFlowTable } from './flows/table.ts';
