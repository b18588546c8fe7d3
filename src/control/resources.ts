import {
  apiVersion,
  type HaltObject,
  type KubeObject,
  type MonitorStatus,
  networkHalts,
  type NodeTask,
  type ValidatorStatus,
  type WrittenNotification,
} from '../api/index.ts';
import type { Resource } from '../store/index.ts';
import type { ExperimentObject } from './run-status.ts';
import type { ScheduleObject } from './schedule-status.ts';
import type { DisruptionBudget, EndpointSlice, Namespace, Node, Pod, Service } from './world.ts';

export type Lease = KubeObject<{
  holderIdentity: string;
  leaseDurationSeconds: number;
  renewTime: string;
  acquireTime?: string;
  leaseTransitions?: number;
}>;

export const experiments: Resource<ExperimentObject> = {
  apiVersion,
  kind: 'NetworkExperiment',
  plural: 'networkexperiments',
  namespaced: true,
};
export const schedules: Resource<ScheduleObject> = {
  apiVersion,
  kind: 'NetworkExperimentSchedule',
  plural: 'networkexperimentschedules',
  namespaced: true,
};
export const shapers: Resource<KubeObject> = {
  apiVersion,
  kind: 'NetworkTrafficShaper',
  plural: 'networktrafficshapers',
  namespaced: true,
};
export const connectivityTests: Resource<KubeObject> = {
  apiVersion,
  kind: 'NetworkConnectivityTest',
  plural: 'networkconnectivitytests',
  namespaced: true,
};
export type ValidatorObject = KubeObject<unknown, ValidatorStatus>;
export const validators: Resource<ValidatorObject> = {
  apiVersion,
  kind: 'NetworkModulesValidator',
  plural: 'networkmodulesvalidators',
  namespaced: false,
};
export type MonitorObject = KubeObject<unknown, MonitorStatus>;
export const monitors: Resource<MonitorObject> = {
  apiVersion,
  kind: 'NetworkMonitor',
  plural: 'networkmonitors',
  namespaced: true,
};
export type NotificationObject = KubeObject<WrittenNotification>;
export const notifications: Resource<NotificationObject> = {
  apiVersion,
  kind: 'NetworkNotification',
  plural: 'networknotifications',
  namespaced: true,
};
export const nodeTasks: Resource<NodeTask> = { apiVersion, kind: 'NodeTask', plural: 'nodetasks', namespaced: true };
/** Any that exists halts everything. */
export const halts: Resource<HaltObject> = networkHalts;
export const leases: Resource<Lease> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
export const pods: Resource<Pod> = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };
export const services: Resource<Service> = { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true };
export const endpointSlices: Resource<EndpointSlice> = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
};
export const disruptionBudgets: Resource<DisruptionBudget> = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
};
export const namespaces: Resource<Namespace> = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
export const nodes: Resource<Node> = { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false };
