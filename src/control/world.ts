import { isIP } from 'node:net';
import type { KubeObject, LabelSelector, OwnerReference } from '../api/index.ts';
import { proxyContainers } from '../preflight/index.ts';
import type { Stored } from '../store/index.ts';

/** Kubernetes' own annotation of mirror pods. */
export const nodeUidAnnotation = 'kubernetes.io/config.hash';

/** The parts of Kubernetes' core kinds that a plan depends on. */
export type Pod = KubeObject<
  {
    nodeName?: string;
    hostNetwork?: boolean;
    runtimeClassName?: string;
    containers?: { name: string }[];
    initContainers?: { name: string }[];
  },
  {
    phase?: string;
    podIP?: string;
    podIPs?: { ip: string }[];
    hostIP?: string;
    hostIPs?: { ip: string }[];
    conditions?: { type: string; status: string }[];
  }
>;
export type Service = KubeObject<{
  clusterIP?: string;
  clusterIPs?: string[];
  selector?: Record<string, string>;
  ports?: { port: number }[];
}>;
export type Node = KubeObject<
  unknown,
  { addresses?: { type: string; address: string }[]; conditions?: { type: string; status: string; reason?: string }[] }
>;
export type Namespace = KubeObject;
/** policy/v1's. A share is text, such as "50%". */
export type DisruptionBudget = KubeObject<
  { selector?: LabelSelector; minAvailable?: number | string; maxUnavailable?: number | string },
  { observedGeneration?: number; disruptionsAllowed?: number }
>;

/** Of the API server's own service it says where that really is: where connections are turned at the socket, packets go there. */
export type EndpointSlice = KubeObject & { endpoints?: { addresses: string[] }[] };

/** A run that hurts pods, or is about to. */
export type ActiveRun = { uid: string; namespace: string; name: string; podUids: string[] };

/** What was in the store when a run was planned; `apiServer` are the addresses at which pods reach the API server. */
export type World = {
  pods: Pod[];
  services: Service[];
  nodes: Node[];
  namespaces: Namespace[];
  budgets: DisruptionBudget[];
  apiServer: string[];
  /** Besides the one that is planned. */
  activeRuns: ActiveRun[];
};

/** The service by which pods reach the API server, and its endpoints. */
export const apiServerService = { namespace: 'default', name: 'kubernetes' } as const;

/** None where the cluster, or the lab, has no such service. */
export function apiServerAddresses(services: readonly Service[], slice: EndpointSlice | undefined): string[] {
  const { namespace, name } = apiServerService;
  const service = services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const behind = (slice?.endpoints ?? []).flatMap(({ addresses }) => addresses).filter((address) => isIP(address) !== 0);
  return [...new Set([...(service === undefined ? [] : addressesOfService(service)), ...behind])];
}

/** What a plan depends on; of ten thousand pods everything else would fill the memory. */
export function keepPod(pod: Stored<Pod>): Stored<Pod> {
  const { apiVersion, kind, metadata, spec, status } = pod;
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels, annotations } = metadata;
  const controller = controllerOf(pod);
  const nodeUid = annotations?.[nodeUidAnnotation];
  return {
    ...{ apiVersion, kind },
    metadata: {
      ...{ name, namespace, uid, resourceVersion, creationTimestamp, labels },
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(controller === undefined ? {} : { ownerReferences: [controller] }),
      ...(nodeUid === undefined ? {} : { annotations: { [nodeUidAnnotation]: nodeUid } }),
    },
    spec: keepSpec(spec),
    ...(status === undefined ? {} : { status: keepPodStatus(status) }),
  };
}

/** Of containers only those count that change what packets look like. */
function keepSpec({ nodeName, hostNetwork, runtimeClassName, containers = [], initContainers = [] }: Pod['spec']): Pod['spec'] {
  const proxies = [...containers, ...initContainers].filter(({ name }) => proxyContainers.includes(name));
  return {
    nodeName,
    ...(hostNetwork === true ? { hostNetwork } : {}),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(proxies.length === 0 ? {} : { containers: proxies.map(({ name }) => ({ name })) }),
  };
}

/** Of a namespace only its labels count. */
export function keepNamespace({ apiVersion, kind, metadata }: Stored<Namespace>): Stored<Namespace> {
  const { name, uid, resourceVersion, creationTimestamp, labels } = metadata;
  return { apiVersion, kind, metadata: { name, uid, resourceVersion, creationTimestamp, labels }, spec: {} };
}

/** Who makes a pod anew when it goes; at most one. */
export function controllerOf({ metadata }: Pod): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

function keepPodStatus({ phase, podIP, podIPs, hostIP, hostIPs, conditions = [] }: NonNullable<Pod['status']>): Pod['status'] {
  const ready = conditions.filter(({ type }) => type === 'Ready').map(({ type, status }) => ({ type, status }));
  return { phase, podIP, podIPs, hostIP, hostIPs, ...(ready.length === 0 ? {} : { conditions: ready }) };
}

export function addressesOfPod({ status }: Pod): string[] {
  const all = status?.podIPs?.map(({ ip }) => ip) ?? [];
  return all.length > 0 ? all : status?.podIP === undefined ? [] : [status.podIP];
}

export function addressesOfService({ spec }: Service): string[] {
  const all = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return all.filter((address) => address !== 'None' && address !== '');
}

/** The running pods behind a service. */
export function podsOfService(service: Service, pods: readonly Pod[]): Pod[] {
  const wanted = Object.entries(service.spec.selector ?? {});
  if (wanted.length === 0) return [];
  return pods.filter(
    ({ metadata, status }) =>
      metadata.namespace === service.metadata.namespace &&
      status?.phase === 'Running' &&
      wanted.every(([key, value]) => metadata.labels?.[key] === value),
  );
}

export function isIpv6(address: string): boolean {
  return address.includes(':');
}

/**
 * The pods under the uids that their nodes know. Of a pod that a node made by itself (a static pod, or one of the lab) the API server's
 * object is a mirror with another uid, and this annotation says which one the node uses. Anybody may write it: one that names the uid
 * of another pod, or what another pod claims as well, would lend its owner that pod, and is not believed.
 */
export function underNodeUids(pods: readonly Pod[]): Pod[] {
  const claimOf = ({ metadata }: Pod) => metadata.annotations?.[nodeUidAnnotation];
  const claims = new Map<string, number>();
  for (const claim of pods.map(claimOf)) if (claim !== undefined) claims.set(claim, (claims.get(claim) ?? 0) + 1);
  const uids = new Set(pods.map(({ metadata }) => metadata.uid));
  return pods.map((pod) => {
    const claim = claimOf(pod);
    if (claim === undefined || claims.get(claim) !== 1 || uids.has(claim)) return pod;
    return { ...pod, metadata: { ...pod.metadata, uid: claim } };
  });
}

export function unique(pods: readonly Pod[]): Pod[] {
  return [...new Map(pods.map((pod) => [pod.metadata.uid, pod])).values()];
}

/** A node's addresses include its host name, which is none. */
export function addressesOfNode({ status }: Node): string[] {
  return (status?.addresses ?? []).map(({ address }) => address).filter((address) => isIP(address) !== 0);
}

/** Addresses of the node that the pods are on, as the node says and as the pods say. */
export function nodeAddresses(node: string, pods: readonly Pod[], { nodes }: World): string[] {
  const ofNode = nodes.filter(({ metadata }) => metadata.name === node).flatMap(addressesOfNode);
  const ofPods = pods.flatMap(({ status }) => [status?.hostIP ?? '', ...(status?.hostIPs ?? []).map(({ ip }) => ip)]);
  return [...new Set([...ofNode, ...ofPods.filter((address) => isIP(address) !== 0)])];
}
