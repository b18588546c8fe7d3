/** What a node is asked about the targets of one fault: whether it can act on them, and what else of them will be seen. */
import type { FaultWork, PreflightCheck } from '../api/index.ts';
import { longestSilenceMs } from '../faults/index.ts';
import { proxyContainers } from '../preflight/index.ts';
import type { Pod } from './world.ts';

/** TCP waits as long for its first answer before it sends again; a shorter silence ends no connection. */
const shortSilenceMs = 1000;

/** @param activeMs how long the fault is active */
export function checksOfTargets(fault: FaultWork, pods: readonly Pod[], activeMs: number): PreflightCheck[] {
  const podUids = pods.flatMap(({ metadata: { uid } }) => uid ?? []);
  const runtimeClasses = byUid(pods, ({ spec }) => spec.runtimeClassName);
  const isNamed = Object.keys(runtimeClasses).length > 0;
  return [
    { check: 'ip-stack', podUids, device: fault.device, ...(isNamed ? { runtimeClasses } : {}) },
    { check: 'conntrack', podUids },
    { check: 'short-circuit' },
    ...patience(fault, podUids, activeMs),
    ...meshes(fault, pods),
  ];
}

function patience(fault: FaultWork, podUids: string[], activeMs: number): PreflightCheck[] {
  if (fault.protocol !== undefined && fault.protocol !== 'tcp') return [];
  const silenceMs = longestSilenceMs(fault, activeMs);
  return silenceMs <= shortSilenceMs ? [] : [{ check: 'tcp-timeouts', podUids, silenceMs }];
}

/** Only where the fault tells packets by ports. */
function meshes({ ports = [], peers, hosts }: FaultWork, pods: readonly Pod[]): PreflightCheck[] {
  const atPorts = peers !== 'all' && (peers.atPorts ?? []).length > 0;
  const atHostPorts = (hosts?.peers ?? []).some((peer) => peer.ports !== undefined);
  const proxies = byUid(pods, proxyOf);
  if ((ports.length === 0 && !atPorts && !atHostPorts) || Object.keys(proxies).length === 0) return [];
  return [{ check: 'service-mesh', proxies }];
}

/** Kubernetes runs sidecars as ordinary containers or as initial ones that stay. */
export function proxyOf({ spec: { containers = [], initContainers = [] } }: Pod): string | undefined {
  return [...containers, ...initContainers].map(({ name }) => name).find((name) => proxyContainers.includes(name));
}

function byUid(pods: readonly Pod[], of: (pod: Pod) => string | undefined): Record<string, string> {
  const known = pods.flatMap((pod): [string, string][] => {
    const [uid, value] = [pod.metadata.uid, of(pod)];
    return uid === undefined || value === undefined ? [] : [[uid, value]];
  });
  return Object.fromEntries(known);
}
