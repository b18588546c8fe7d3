import type { ConnectivityTest, HypothesisEntry, ProbeStream } from '../api/index.ts';
import { resolveDestinations } from './resolve.ts';
import { addressesOfPod, isIpv6, type Pod, unique, type World } from './world.ts';

/** A hypothesis entry whose test is known, whether it was inline or a reference. */
export type PlannedEntry = HypothesisEntry & { connectivity: ConnectivityTest };

/** The pods that probe, or the message of the refusal: a source that does not run measures nothing. */
export function resolveSources(entries: readonly PlannedEntry[], running: readonly Pod[]): { pods: Pod[] } | { message: string } {
  const pods: Pod[] = [];
  for (const { name, connectivity } of entries) {
    const { source } = connectivity;
    const pod = running.find(({ metadata }) => metadata.namespace === source.namespace && metadata.name === source.name);
    if (!pod) {
      const message = `hypothesis '${name}': the source pod ${source.namespace}/${source.name ?? ''} is not running`;
      return { message };
    }
    pods.push(pod);
  }
  return { pods: unique(pods) };
}

/** One stream for each address of each destination, in the families that the source has. */
export function planStreams(entries: readonly PlannedEntry[], sources: readonly Pod[], world: World): ProbeStream[] {
  return entries.flatMap(({ name, connectivity }) => {
    const { source, layer, periodMs, timeoutMs } = connectivity;
    const pod = sources.find(({ metadata }) => metadata.namespace === source.namespace && metadata.name === source.name);
    const families = new Set((pod ? addressesOfPod(pod) : []).map(isIpv6));
    return resolveDestinations(connectivity, world)
      .filter(({ address }) => families.size === 0 || families.has(isIpv6(address)))
      .map((destination): ProbeStream => {
        const where =
          destination.port === undefined ? destination.address : `${destination.address} port ${String(destination.port)}`;
        return {
          id: `${name}: ${destination.name} (${where})`,
          hypothesis: name,
          podUid: pod?.metadata.uid ?? '',
          protocol: layer === 3 ? 'icmp' : 'tcp',
          address: destination.address,
          ...(destination.port === undefined ? {} : { port: destination.port }),
          periodMs,
          timeoutMs,
        };
      });
  });
}
