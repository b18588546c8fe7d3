/**
 * Passive measurements of traffic. Bytes that network devices and hosts have sent come in.
 * Samples, readings and what they tell of the traffic go out. Nothing here opens a socket or reads a clock.
 */
export type { SflowDatagram, SflowSample, SampledPacket, CounterReadings } from './sflow/decode/object/datagram.ts';
export { createDatagramDecoder } from './sflow/decode/object/decode-datagram.ts';
export { createDatagramWalker, type DatagramHeader, type DatagramVisitor } from './sflow/decode/walk-datagram.ts';
export type { CounterSample } from './sflow/decode/counter-sample.ts';
export type { FlowSample } from './sflow/decode/flow-sample.ts';
export { absent, type PacketLayer } from './sflow/decode/packet/layer.ts';
export { readCapture } from './sflow/capture/read-capture.ts';
export type { Captured, CaptureReason } from './sflow/capture/captured.ts';
export { type AgentAccount, accountDatagram, type Accounts, lossCorrection, noAccounts } from './sflow/account/agent-account.ts';
export { addSample, bytesErrorPercent95, type Estimate, framesErrorPercent95, noEstimate } from './sflow/estimate.ts';
