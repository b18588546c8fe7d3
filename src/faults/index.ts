/**
 * Faults as kernel programs: what a fault does to packets, how the faults of one target compose, and how all of it is undone.
 * The faults of one target come in, with facts about its devices. Plans as plain data go out, texts for tc and nft made from them,
 * and comparisons with what those report; nothing here runs a program.
 */
export { type DropCount, dropsOf, shapedBytesOf } from './attribution.ts';
export { describeFault, longestHoldMs, onlyNetemDoes, requirements } from './catalogue.ts';
export { dosePingBytes } from './dose-pings.ts';
export { treeDifferences } from './compare-tree.ts';
export type { DeviceTree } from './tree.ts';
export { longestWaitMs } from './tree.ts';
export type { ExposureCounter } from './exposure.ts';
export type { Gate } from './gate.ts';
export { checkDevice, gateCounterName, instanceOfDevice, instanceOfTable, leaseSetName, tableName } from './names.ts';
export {
  devicesOfGates,
  familiesWithTable,
  fieldsOf,
  gateDifferences,
  leaseLeftMs,
  type NftFields,
  type NftObject,
  type ObservedGate,
  type ObservedTable,
  parseNft,
  readCounters,
  readGate,
} from './observed-gate.ts';
export type { EgressWay } from './place.ts';
export { type BandCount, readBandCounts, readTree, type TcQdisc } from './observed-tree.ts';
export { bandsOfFault, planTarget, type TargetFacts, type TargetPlan } from './plan.ts';
export {
  familiesOfGate,
  familiesOfLease,
  type Lease,
  type LeasedFault,
  type PresentGate,
  renderClose,
  renderGate,
  renderGateRemoval,
  renderLeases,
  renderExchange,
  renderRenewal,
  tableFamilies,
  type TableFamily,
} from './render-gate.ts';
export { queuesOf } from './queues-of.ts';
export { requestedDose } from './requested-dose.ts';
export { renderTree, renderTreeChange } from './render-tree.ts';
export { longestSilenceMs } from './silence.ts';
export { mostCertain, type SeenPackets, type Touch, wouldTouch } from './touched.ts';
export { versionOfFault } from './versions.ts';
