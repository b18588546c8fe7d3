import { resolve } from 'node:path';
import { formatInstant } from '../lib/index.ts';
import { type AddressPair, clusterAddresses, gateway, podAddresses } from './addresses.ts';
import { containerEnvironment, expand, type PlacedService } from './environment.ts';
import { containerPortOf, selects } from './topology/check.ts';
import type { Topology } from './topology/read.ts';
import type {
  BudgetManifest,
  ContainerManifest,
  NamespaceManifest,
  PodManifest,
  ServiceManifest,
  SwitchSettings,
} from './topology/schema.ts';

/** Everything about a lab before it exists. It is data: it is recorded first and then carried out. */
export type LabPlan = {
  instance: string;
  /** RFC 3339. */
  createdAt: string;
  /** The node's network namespace; pods' are `squall-<pod uid>`. */
  nodeNetworkNamespace: string;
  nodeUid: string;
  namespaces: PlannedNamespace[];
  pods: PlannedPod[];
  services: PlannedService[];
  /** Absent in the records of earlier versions. */
  budgets?: BudgetManifest[];
  /** Open vSwitch instead of the kernel's bridge. */
  switch?: SwitchSettings;
  warnings: string[];
};

export type PlannedNamespace = { uid: string; manifest: NamespaceManifest };

export type PlannedPod = {
  uid: string;
  /** Counted from 0 over all pods; decides the addresses and the name of the node's end of the link. */
  index: number;
  networkNamespace: string;
  addresses: AddressPair;
  manifest: PodManifest;
  containers: PlannedContainer[];
};

export type PlannedContainer = {
  name: string;
  command: string[];
  environment: Record<string, string>;
  workingDirectory: string;
  readiness?: ReadinessCheck;
};

/** How the node asks whether a container is ready: a GET that is answered with 200 to 399, or without `path` a TCP connection. */
export type ReadinessCheck = {
  address: string;
  port: number;
  path?: string;
  headers: Record<string, string>;
  initialDelayMs: number;
  periodMs: number;
  timeoutMs: number;
};

export type PlannedService = {
  uid: string;
  manifest: ServiceManifest;
  /** None for a headless service. */
  clusterAddresses?: AddressPair;
  ports: PlannedServicePort[];
};

export type PlannedServicePort = {
  name?: string;
  protocol: 'TCP' | 'UDP';
  port: number;
  /** By index of the pod. */
  endpoints: { podIndex: number; port: number }[];
};

export const nodeName = 'lab';

/**
 * Decides addresses, names, environments and endpoints of everything in a topology.
 * @param newUid gives a fresh UUID each time
 * @param baseEnvironment what every container's environment starts from
 */
export function planLab(
  topology: Topology,
  context: { instance: string; now: number; newUid: () => string; baseEnvironment: Record<string, string> },
): LabPlan {
  const placedPods = topology.pods.map((manifest, index) => ({
    manifest,
    index,
    uid: context.newUid(),
    addresses: podAddresses(index),
  }));
  const services = topology.services.map((manifest, index) => planService(manifest, index, context.newUid(), topology.pods));
  const told: PlacedService[] = services.map((service) => ({ manifest: service.manifest, clusterIPs: clusterIPsOf(service) }));
  const pods = placedPods.map((pod) => ({
    ...pod,
    networkNamespace: `squall-${pod.uid}`,
    containers: pod.manifest.spec.containers.map((container) =>
      planContainer(pod, container, told, { folder: topology.folder, base: context.baseEnvironment }),
    ),
  }));
  return {
    instance: context.instance,
    createdAt: formatInstant(context.now),
    nodeNetworkNamespace: `squall-node-${context.instance}`,
    nodeUid: context.newUid(),
    namespaces: planNamespaces(topology).map((manifest) => ({ uid: context.newUid(), manifest })),
    pods,
    services,
    budgets: topology.budgets,
    switch: topology.switch,
    warnings: topology.warnings,
  };
}

/** Declared namespaces, then those that pods and services only mention. */
function planNamespaces(topology: Topology): NamespaceManifest[] {
  const declared = new Set(topology.namespaces.map(({ metadata }) => metadata.name));
  const mentioned = new Set([...topology.pods, ...topology.services].map(({ metadata }) => metadata.namespace));
  const missing = [...mentioned].filter((name) => !declared.has(name));
  return [
    ...topology.namespaces,
    ...missing.map((name) => ({
      apiVersion: 'v1' as const,
      kind: 'Namespace' as const,
      metadata: { name, labels: {}, annotations: {} },
    })),
  ];
}

function planService(manifest: ServiceManifest, index: number, uid: string, pods: PodManifest[]): PlannedService {
  const ports = manifest.spec.ports.map(({ name, protocol, port, targetPort = port }) => ({
    name,
    protocol,
    port,
    endpoints: pods.flatMap((pod, podIndex) => {
      const target = selects(manifest, pod) ? containerPortOf(pod, targetPort) : undefined;
      return target === undefined ? [] : [{ podIndex, port: target }];
    }),
  }));
  return { uid, manifest, clusterAddresses: manifest.spec.clusterIP === 'None' ? undefined : clusterAddresses(index), ports };
}

/** Cluster addresses in the order of the service's families. */
export function clusterIPsOf({ manifest, clusterAddresses }: PlannedService): string[] {
  if (clusterAddresses === undefined) return [];
  return manifest.spec.ipFamilies.map((family) => (family === 'IPv4' ? clusterAddresses.ipv4 : clusterAddresses.ipv6));
}

function planContainer(
  pod: { uid: string; manifest: PodManifest; addresses: AddressPair },
  container: ContainerManifest,
  services: PlacedService[],
  { folder, base }: { folder: string; base: Record<string, string> },
): PlannedContainer {
  const podIPs = [pod.addresses.ipv4, pod.addresses.ipv6];
  const facts = { uid: pod.uid, nodeName, podIPs, hostIPs: [gateway.ipv4, gateway.ipv6] };
  const environment = containerEnvironment(pod.manifest, container, facts, services, base);
  return {
    name: container.name,
    command: [...container.command, ...container.args].map((part) => expand(part, environment)),
    environment,
    workingDirectory: resolve(folder, container.workingDir ?? '.'),
    readiness: planReadiness(pod.manifest, container, pod.addresses),
  };
}

function planReadiness(
  pod: PodManifest,
  { readinessProbe: probe }: ContainerManifest,
  addresses: AddressPair,
): ReadinessCheck | undefined {
  const port = containerPortOf(pod, probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? '');
  if (probe === undefined || port === undefined) return undefined;
  return {
    address: addresses.ipv4,
    port,
    path: probe.httpGet?.path,
    headers: Object.fromEntries((probe.httpGet?.httpHeaders ?? []).map(({ name, value }) => [name, value])),
    initialDelayMs: probe.initialDelaySeconds * 1000,
    periodMs: probe.periodSeconds * 1000,
    timeoutMs: probe.timeoutSeconds * 1000,
  };
}
