/**
 * The only code that touches a kernel: it does the pieces of work that are meant for its node.
 * NodeTasks and run Leases come in, watched through the store.
 * Faults held by leases, measurements and the exact state of both go out, in the tasks' status.
 */
export type { Composition, FaultReading, KernelDriver, LeaseTime, Namespace, Removal } from './kernel-driver.ts';
export { createKernelDriver } from './kernel/index.ts';
export type { Leftover } from './leftovers/decide.ts';
export { type Leftovers, listLeftovers, removeLeftover } from './leftovers/leftovers.ts';
export { listNamespaces, type MachineNamespace } from './leftovers/namespaces.ts';
export { type Log, logToStderr } from './log.ts';
export type { AgentView } from './agent-view.ts';
export { createEnforcer, type Enforcer } from './enforcement/enforcer.ts';
export { checkInstance, checkNode, clusterInstanceFile, isInstance } from './identity.ts';
export { createHostResolver, type HostResolver } from './hosts/resolver.ts';
export { namedNameFiles, type WithNameFiles } from './namespaces/name-files.ts';
export { namedNamespaces } from './namespaces/named.ts';
export type { FoundNamespace, PodNamespaces } from './namespaces/pod-namespaces.ts';
export { processNameFiles } from './namespaces/processes/name-files.ts';
export { processNamespaces } from './namespaces/processes/processes.ts';
export { firstProcessPlace, type NodePlace, ownPlace } from './node-checks/node-place.ts';
export { nftByAddon } from './nft-addon.ts';
export { findProgram } from './find-file.ts';
export { readSystem } from './node-system.ts';
export { type AgentEnd, type AgentOptions, runAgent } from './run-agent.ts';
export { claimState } from './state-claim.ts';
export { sweepFormerLife } from './sweep.ts';
export { tryCapability } from './try-capability.ts';
