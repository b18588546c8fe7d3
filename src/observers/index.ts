/**
 * Passive measurements: what sampled traffic (sFlow) says, and when it is enough to act on. Bytes that network devices and hosts have sent, and
 * instants of a monotonic clock come in; samples, values of flows and decisions go out. Only the collector opens a socket and reads a clock.
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
export { createCurrentPacket, type CurrentPacket } from './flows/current-packet.ts';
export { createFlowIntake, type FlowIntake } from './flows/flow-intake.ts';
export { type ActiveFlow, type Aggregation } from './flows/largest-flows.ts';
export { type DatagramSamples, type FlowTable, type TableChange, createFlowTable } from './flows/table.ts';
export type { SflowDatagram, SflowSample, SampledPacket, CounterReadings } from './sflow/decode/object/datagram.ts';
export { createDatagramDecoder } from './sflow/decode/object/decode-datagram.ts';
export { createDatagramWalker, type DatagramHeader, type DatagramVisitor } from './sflow/decode/walk-datagram.ts';
export type { CounterSample } from './sflow/decode/counter-sample.ts';
export type { FlowSample } from './sflow/decode/flow-sample.ts';
export { absent, type PacketLayer } from './sflow/decode/packet/layer.ts';
export { readCapture } from './sflow/capture/read-capture.ts';
export type { Captured, CaptureReason } from './sflow/capture/captured.ts';
export { createAgentLedger, type AgentLedger, type LedgerAgent } from './sflow/account/agent-ledger.ts';
export type { LedgerSource } from './sflow/account/data-sources.ts';
export { type AgentAccount, accountDatagram, type Accounts, lossCorrection, noAccounts } from './sflow/account/agent-account.ts';
export { addSample, bytesErrorPercent95, type Estimate, framesErrorPercent95, noEstimate } from './sflow/estimate.ts';
export {
  type ActiveFlowsQuery,
  createNetworkEngine,
  type EngineCounters,
  type EngineOptions,
  type NetworkEngine,
} from './collector/network-engine.ts';
export { type EngineLimits, usualLimits } from './collector/engine/limits.ts';
export type { ShownFlow } from './collector/engine/views.ts';
export {
  createSflowRtClient,
  type SflowRtClientOptions,
  type SflowRtCollector,
  type SflowRtServer,
  type SflowRtServerOptions,
  startSflowRtServer,
} from './sflow-rt/index.ts';
export type {
  AgentView,
  Arming,
  ArmingView,
  FlowView,
  NetworkCrossing,
  NetworkObserver,
  Subscription,
  SubscriptionView,
  ThresholdView,
  WatchedFlow,
  WatchedThreshold,
} from './network-observer.ts';
export { type Collector, openCollector, type ThreadOptions } from './collector/collector.ts';
export type { CollectorCounters, ReceiveBuffer } from './collector/counters.ts';
export type { CollectorAddress, FlowQuery } from './collector/messages.ts';
export { type CollectorMetric, collectorMetrics, type MetricSeries } from './collector/metrics.ts';
export { type CollectorOptions, sflowPort } from './collector/options.ts';
export type { CollectorWarning } from './collector/warnings.ts';
export { createTrafficLedger, type TrafficLedger, type TrafficLedgerOptions } from './traffic/ledger.ts';
export type { TrafficSample } from './traffic/sample.ts';
