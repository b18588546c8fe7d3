/**
 * What must be true of nodes and targets before anything is touched.
 * Checks, and what was found when they were tried, come in; trying itself is the agent's.
 * Results go out, each with what was expected, what was found and what to do about it.
 */
export { type CapabilityTrial, capabilityTrials, intermediateDeviceLines } from './capabilities.ts';
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
  type TrialOutcome,
} from './judge.ts';
