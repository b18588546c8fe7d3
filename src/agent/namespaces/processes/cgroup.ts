/** Reads which pod a process belongs to from /proc/PID/cgroup (cgroups(7)). Decides only. */

export type PodPlace = {
  /** As the kubelet names the pod: a UUID, or the 32 hexadecimal characters of a static pod's configuration. */
  podUid: string;
  /** The container's id as the runtime writes it; undefined for a process of the pod that is in none. */
  container: string | undefined;
};

const uid = '[0-9a-f]{8}(?<separator>[-_])[0-9a-f]{4}(?:\\k<separator>[0-9a-f]{4}){2}\\k<separator>[0-9a-f]{12}|[0-9a-f]{32}';
/**
 * One part of a path: `podUID` (cgroupfs driver, both versions) or `…-podUID.slice` (systemd driver, which writes `_` for `-`). What
 * comes before is not asked for: kind, minikube, rke2 and cgroup namespaces (`/../..`) all put or leave out something there.
 */
const podPart = new RegExp(`^(?:[\\w.-]+-)?pod(?<uid>${uid})(?:\\.slice)?$`);
/** `ID`, `cri-containerd-ID.scope`, `crio-ID.scope`, `docker-ID.scope` … */
const containerPart = /^(?:(?<runtime>[a-z][a-z-]*)-)?(?<id>[0-9a-f]{64})(?:\.scope)?$/;
/** CRI-O's monitor is a process of the node that only pays into the pod's account. */
const monitors = ['crio-conmon'];

/**
 * The pod that a process's cgroups name; undefined for one that belongs to none. Of several hierarchies (version 1) the first that
 * names a pod counts; of several pods in a path (a node that is a pod itself) the innermost.
 * @param text what /proc/PID/cgroup holds: lines of `number:controllers:path`
 */
export function readPodPlace(text: string): PodPlace | undefined {
  for (const line of text.split('\n')) {
    const path = /^\d+:[^:]*:(.*)$/.exec(line)?.[1];
    const place = path === undefined ? undefined : placeInPath(path);
    if (place !== undefined) return place.isMonitor ? undefined : { podUid: place.podUid, container: place.container };
  }
  return undefined;
}

function placeInPath(path: string): (PodPlace & { isMonitor: boolean }) | undefined {
  // Where kubelet and runtime have different drivers, the runtime appends `:cri-containerd:ID` to the pod's part.
  const parts = path.split(/[/:]/);
  const at = parts.findLastIndex((part) => podPart.test(part));
  const found = podPart.exec(parts[at] ?? '')?.groups?.uid;
  if (found === undefined) return undefined;
  const container = parts
    .slice(at + 1)
    .map((part) => containerPart.exec(part)?.groups)
    .find((groups) => groups !== undefined);
  return {
    podUid: found.replaceAll('_', '-'),
    container: container?.id,
    isMonitor: monitors.includes(container?.runtime ?? ''),
  };
}
