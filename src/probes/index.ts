/**
 * Active measurements from inside a workload's own network namespace, and their statistics.
 * Streams (what to probe, how often) and a file that names a namespace come in.
 * Samples in the order they were sent, per-second aggregates and observations with intervals go out.
 */
export type { FpingOptions } from './icmp.ts';
export { type HostNameFiles, startHostLookup } from './host-lookup.ts';
export { onlyFind } from './host-lookup/file-in-root.ts';
export type { FoundHost, HostLookupLine } from './host-lookup/protocol.ts';
export { pingOnce } from './ping-once.ts';
export { type Prober, type ProberEnd, type ProberOptions, startProbers } from './prober.ts';
export type { NamespaceFile } from './start-in-namespace.ts';
export { createSecondAggregator, type NumberedSample, type SecondAggregator } from './seconds.ts';
export { type Interval, median, medianWithInterval, mergeAggregates, observe, quantileMs, wilson, z95 } from './statistics.ts';
