/** A lab's plan and what is known of its processes, as Kubernetes objects. Pure. */
import type { Condition } from '../api/index.ts';
import { gateway, podRange } from './addresses.ts';
import type { ContainerStatus, EndpointSlice, Lab, LabSwitch, Namespace, Node, Pod, PodStatus, Service } from './kubernetes.ts';
import { clusterIPsOf, type LabPlan, nodeName, type PlannedNamespace, type PlannedPod, type PlannedService } from './plan.ts';
import { containerKey, switchDaemons, switchKey } from './record.ts';
import { sflowAgent } from './switch/switch-text.ts';
import type { SwitchSettings } from './topology/schema.ts';
import { formatSflowTarget } from './topology/sflow-target.ts';

/** What was seen of one container. `ended` without an exit code: it ended unobserved. */
export type ContainerObservation =
  { state: 'waiting' } | { state: 'running'; ready: boolean } | { state: 'ended'; exitCode?: number | null };

/** By containerKey or switchKey; what has no observation has not been started. */
export type Observations = Record<string, ContainerObservation>;

export function describeLab(plan: LabPlan, observations: Observations): Lab {
  const pods = plan.pods.map((pod) => describePod(pod, plan, observations));
  return {
    instance: plan.instance,
    nodeNetworkNamespace: plan.nodeNetworkNamespace,
    ...(plan.switch === undefined ? {} : { switch: describeSwitch(plan.switch, observations) }),
    nodes: [describeNode(plan)],
    namespaces: plan.namespaces.map((namespace) => describeNamespace(namespace, plan)),
    pods,
    services: plan.services.map((service) => describeService(service, plan)),
    budgets: plan.budgets ?? [],
    endpointSlices: plan.services.flatMap((service) => describeEndpoints(service, plan, pods)),
    warnings: plan.warnings,
  };
}

function describeSwitch({ sampling, pollingSeconds, headerBytes, collectors }: SwitchSettings, seen: Observations): LabSwitch {
  const stateOf = (key: string) => (seen[key]?.state === 'running' ? 'running' : 'ended');
  return {
    kind: 'openvswitch',
    sampling,
    pollingSeconds,
    headerBytes,
    agent: sflowAgent,
    collectors: collectors.map(formatSflowTarget),
    processes: switchDaemons.map((name) => ({ name, state: stateOf(switchKey(name)) })),
  };
}

function describePod(pod: PlannedPod, plan: LabPlan, observations: Observations): Pod {
  const seen = pod.containers.map(({ name }) => observations[containerKey(pod.uid, name)] ?? { state: 'waiting' as const });
  const { metadata, spec } = pod.manifest;
  const ready = seen.every((container) => container.state === 'running' && container.ready);
  const condition = (type: string, met: boolean): Condition => ({
    type,
    status: met ? 'True' : 'False',
    reason: met ? '' : 'ContainersNotReady',
    message: met ? '' : `containers that are not ready: ${namesOfUnready(pod, seen).join(', ')}`,
    lastTransitionTime: plan.createdAt,
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, uid: pod.uid, creationTimestamp: plan.createdAt },
    spec: { ...spec, nodeName },
    status: {
      phase: phaseOf(seen),
      podIP: pod.addresses.ipv4,
      podIPs: [{ ip: pod.addresses.ipv4 }, { ip: pod.addresses.ipv6 }],
      hostIP: gateway.ipv4,
      hostIPs: [{ ip: gateway.ipv4 }, { ip: gateway.ipv6 }],
      startTime: plan.createdAt,
      conditions: [condition('ContainersReady', ready), condition('Ready', ready)],
      containerStatuses: pod.containers.map(({ name }, index) => containerStatus(name, seen[index], plan.createdAt)),
    },
  };
}

/** Kubernetes' pod phases, for containers that are never restarted. */
function phaseOf(seen: ContainerObservation[]): PodStatus['phase'] {
  if (seen.some(({ state }) => state === 'waiting')) return 'Pending';
  if (seen.some((container) => container.state === 'ended' && container.exitCode !== 0)) return 'Failed';
  return seen.every(({ state }) => state === 'ended') ? 'Succeeded' : 'Running';
}

function namesOfUnready(pod: PlannedPod, seen: ContainerObservation[]): string[] {
  return pod.containers.flatMap(({ name }, index) => {
    const container = seen[index];
    return container?.state === 'running' && container.ready ? [] : [name];
  });
}

function containerStatus(name: string, seen: ContainerObservation | undefined, startedAt: string): ContainerStatus {
  switch (seen?.state) {
    case 'running':
      return { name, ready: seen.ready, state: { running: { startedAt } } };
    case 'ended':
      return { name, ready: false, state: { terminated: terminated(seen.exitCode) } };
    default:
      return { name, ready: false, state: { waiting: { reason: 'ContainerCreating' } } };
  }
}

function terminated(exitCode: number | null | undefined): { exitCode?: number; reason: string } {
  if (exitCode === 0) return { exitCode, reason: 'Completed' };
  return { exitCode: exitCode ?? undefined, reason: 'Error' };
}

function describeService({ uid, manifest, ...service }: PlannedService, plan: LabPlan): Service {
  const { spec, metadata } = manifest;
  const addresses = clusterIPsOf({ uid, manifest, ...service });
  const clusterIPs = addresses.length === 0 ? ['None'] : addresses;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, uid, creationTimestamp: plan.createdAt },
    spec: {
      type: spec.type,
      clusterIP: clusterIPs[0] ?? 'None',
      clusterIPs,
      ipFamilies: spec.ipFamilies,
      selector: spec.selector,
      ports: spec.ports.map(({ name, protocol, port, targetPort = port }) => ({ name, protocol, port, targetPort })),
    },
  };
}

/**
 * One slice for every family and port. A named target port may be another number on another pod, so ports do not share a slice.
 */
function describeEndpoints({ manifest, ports }: PlannedService, plan: LabPlan, pods: Pod[]): EndpointSlice[] {
  const { name, namespace } = manifest.metadata;
  return manifest.spec.ipFamilies.flatMap((addressType) =>
    ports.flatMap((port) => {
      const numbers = [...new Set(port.endpoints.map((endpoint) => endpoint.port))];
      return numbers.map((number) => ({
        apiVersion: 'discovery.k8s.io/v1' as const,
        kind: 'EndpointSlice' as const,
        metadata: {
          name: `${name}-${addressType.toLowerCase()}-${port.protocol.toLowerCase()}-${port.port}-${number}`,
          namespace,
          creationTimestamp: plan.createdAt,
          labels: { 'kubernetes.io/service-name': name },
        },
        addressType,
        endpoints: port.endpoints
          .filter((endpoint) => endpoint.port === number)
          .flatMap(({ podIndex }) => {
            const pod = pods[podIndex];
            const planned = plan.pods[podIndex];
            if (pod?.status === undefined || planned === undefined) return [];
            return [
              {
                addresses: [addressType === 'IPv4' ? planned.addresses.ipv4 : planned.addresses.ipv6],
                conditions: { ready: pod.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True') },
                nodeName,
                targetRef: { kind: 'Pod' as const, namespace, name: pod.metadata.name, uid: planned.uid },
              },
            ];
          }),
        ports: [{ name: port.name, protocol: port.protocol, port: number }],
      }));
    }),
  );
}

function describeNode(plan: LabPlan): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName,
      uid: plan.nodeUid,
      creationTimestamp: plan.createdAt,
      labels: { 'kubernetes.io/hostname': nodeName, 'kubernetes.io/os': 'linux' },
    },
    spec: { podCIDR: podRange.ipv4, podCIDRs: [podRange.ipv4, podRange.ipv6] },
    status: {
      addresses: [
        { type: 'InternalIP', address: gateway.ipv4 },
        { type: 'InternalIP', address: gateway.ipv6 },
        { type: 'Hostname', address: nodeName },
      ],
      conditions: [{ type: 'Ready', status: 'True', reason: 'LabIsUp', message: '', lastTransitionTime: plan.createdAt }],
    },
  };
}

function describeNamespace({ uid, manifest }: PlannedNamespace, plan: LabPlan): Namespace {
  const { name, labels, annotations } = manifest.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid,
      creationTimestamp: plan.createdAt,
      labels: { ...labels, 'kubernetes.io/metadata.name': name },
      annotations,
    },
    spec: {},
    status: { phase: 'Active' },
  };
}
