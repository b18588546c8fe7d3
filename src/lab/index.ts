/**
 * Pods as network namespaces on one machine, and the guest machine for kernels that lack a fault's parts. Ordinary Kubernetes
 * manifests, a state folder and its instance id come in. A running lab, described as Kubernetes objects, goes out, and on the way
 * down nothing of it is left.
 */
export { type LabPlace, type LabRemoval, labDown } from './down.ts';
export { describeTopology } from './describe-topology.ts';
export { labExec, labExecAttached, type LabCommand } from './exec.ts';
export type { ContainerStatus, EndpointSlice, Lab, LabSwitch, Namespace, Node, Pod, PodStatus, Service } from './kubernetes.ts';
export { boundLogs } from './logs.ts';
export { labStatus } from './status.ts';
export { setLabSflowTarget } from './switch/set-target.ts';
export type { SflowTarget } from './topology/sflow-target.ts';
export { parseTopology, readTopology, type Topology, type TopologySource } from './topology/read.ts';
export { type LabStep, labUp, type LabUpOptions } from './up.ts';
export {
  chooseKernel,
  findGuestImage,
  type Forward,
  gatherKernelFacts,
  type Guest,
  guestCacheFolder,
  type GuestMode,
  type GuestOptions,
  type HostLink,
  type KernelChoice,
  neededSpace as guestNeedsBytes,
  openHostLink,
  runInGuest,
  type ServicePlace,
  startGuest,
} from './guest/index.ts';
