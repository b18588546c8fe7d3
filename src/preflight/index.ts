/**
 * What must be true of nodes and targets before anything is touched.
 * Checks, and what was found when they were tried, come in; trying itself is the agent's.
 * Results go out, each with what was expected, what was found and what to do about it.
 */
export { type CapabilityTrial, capabilityTrials, intermediateDeviceLines, type TrialOutcome } from './capabilities.ts';
export {
  distributions,
  type Distribution,
  recogniseDistribution,
  type SystemFacts,
  tellingPaths,
} from './remedies/distribution.ts';
export { type System, unknownSystem } from './remedies/choose.ts';
export { type Lack, lacks, remedies } from './remedies/table.ts';
export { judgeKernel } from './judge-kernel.ts';
export { judgeModule, type ModuleListing, moduleState } from './judge-module.ts';
export { judgeQdisc, qdiscTrial } from './judge-qdisc.ts';
export { judgeSysctl, normaliseSysctl, sysctlFile } from './judge-sysctl.ts';
export { checksOfValidator, distinctChecks, nameOfCheck } from './validator-checks.ts';
export { type DriverTrials, judgeDriver } from './judge-driver.ts';
export {
  type CompositionFacts,
  type DeviceFacts,
  type HostFacts,
  judgeCapability,
  judgeComposition,
  judgeDevice,
  judgeDistribution,
  judgeHosts,
  judgeLease,
  judgeTool,
  longestRoundMs,
} from './judge.ts';
export { type ConntrackFacts, judgeConntrack } from './judge-conntrack.ts';
export { hasIpSocket, judgeIpStack, type StackFacts } from './judge-ip-stack.ts';
export { judgeServiceMesh, proxyContainers } from './judge-service-mesh.ts';
export { judgeShortCircuit, pinFolders } from './judge-short-circuit.ts';
export { connectionTimeoutMs, connectTimeoutMs, judgeTcpTimeouts, type TcpFacts, type TcpSysctls } from './judge-tcp-timeouts.ts';
export type { QueueRoom } from './queue-room.ts';
export {
  type DeviceLook,
  namespaceFiles,
  type NamespaceLook,
  type PacketsMoved,
  readDeviceLook,
  readNamespaceLook,
} from './target-look.ts';
export { type ModuleFacts, moduleHint } from './module-hint.ts';
export { saysWhatIsMissing } from './trial-words.ts';
