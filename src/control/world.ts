import type { KubeObject } from '../api/index.ts';

/** The parts of Kubernetes' core kinds that a plan depends on. */
export type Pod = KubeObject<
  { nodeName?: string; hostNetwork?: boolean },
  { phase?: string; podIP?: string; podIPs?: { ip: string }[]; hostIP?: string; hostIPs?: { ip: string }[] }
>;
export type Service = KubeObject<{
  clusterIP?: string;
  clusterIPs?: string[];
  selector?: Record<string, string>;
  ports?: { port: number }[];
}>;
export type Node = KubeObject<unknown, { addresses?: { type: string; address: string }[] }>;

/** What was in the store when a run was planned. */
export type World = { pods: Pod[]; services: Service[]; nodes: Node[] };

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
