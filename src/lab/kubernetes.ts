/** The Kubernetes objects that describe a lab: the fields that Squall and people read, in Kubernetes' own shape. */
import type { Condition, KubeObject, LabelSelector, ObjectMeta } from '../api/index.ts';

export type ContainerStatus = {
  name: string;
  ready: boolean;
  state:
    { running: { startedAt: string } } | { waiting: { reason: string } } | { terminated: { exitCode?: number; reason: string } };
};

export type PodStatus = {
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  podIP: string;
  podIPs: { ip: string }[];
  hostIP: string;
  hostIPs: { ip: string }[];
  startTime: string;
  conditions: Condition[];
  containerStatuses: ContainerStatus[];
};

export type Pod = KubeObject<{ nodeName: string; containers: { name: string }[]; restartPolicy: string }, PodStatus>;

export type Service = KubeObject<{
  type: 'ClusterIP';
  clusterIP: string;
  clusterIPs: string[];
  ipFamilies: ('IPv4' | 'IPv6')[];
  selector: Record<string, string>;
  ports: { name?: string; protocol: string; port: number; targetPort: number | string }[];
}>;

/** One for each family and port set, as Kubernetes has them; not a KubeObject, since its fields stand at the top. */
export type EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1';
  kind: 'EndpointSlice';
  metadata: ObjectMeta;
  addressType: 'IPv4' | 'IPv6';
  endpoints: {
    addresses: string[];
    conditions: { ready: boolean };
    nodeName: string;
    targetRef: { kind: 'Pod'; namespace: string; name: string; uid: string };
  }[];
  ports: { name?: string; protocol: string; port: number }[];
};

export type Node = KubeObject<
  { podCIDR: string; podCIDRs: string[] },
  { addresses: { type: 'InternalIP' | 'Hostname'; address: string }[]; conditions: Condition[] }
>;

export type Namespace = KubeObject<Record<string, never>, { phase: 'Active' }>;

/** Without a status: a lab has no controller that counts pods. */
export type DisruptionBudget = KubeObject<
  { selector: LabelSelector; minAvailable?: number | string; maxUnavailable?: number | string },
  undefined
>;

/** The switch between the pods, where it is not the kernel's bridge. */
export type LabSwitch = {
  kind: 'openvswitch';
  /** One packet of so many is sampled. */
  sampling: number;
  pollingSeconds: number;
  headerBytes: number;
  /** The address that its sFlow datagrams say they are from. */
  agent: string;
  /** ADDRESS:PORT as the machine sees them. */
  collectors: string[];
  processes: { name: string; state: 'running' | 'ended' }[];
};

/** A lab as its Kubernetes objects; complete, so a store that holds exactly these tells the truth about the lab. */
export type Lab = {
  instance: string;
  /** The name under /run/netns of the namespace that is the lab's node. */
  nodeNetworkNamespace: string;
  switch?: LabSwitch;
  nodes: Node[];
  namespaces: Namespace[];
  pods: Pod[];
  services: Service[];
  budgets: DisruptionBudget[];
  endpointSlices: EndpointSlice[];
  warnings: string[];
};
