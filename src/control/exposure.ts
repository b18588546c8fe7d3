import { isIP, BlockList } from 'node:net';
import type { Addresses, ExposureRule, FaultWork, ProbeStream } from '../api/index.ts';
import { addressesOfPod, isIpv6, type Pod } from './world.ts';

/**
 * For each target, the addresses of one pod that is not hurt itself and that the fault's selector covers: a round trip to it is
 * longer by this fault and nothing else. Pods that the hypothesis probes come first. No such pod: no addresses.
 */
export function dosePeersOf(
  pods: readonly Pod[],
  hurt: readonly Pod[],
  selected: Pick<FaultWork, 'peers' | 'except'>,
  streams: readonly ProbeStream[],
  running: readonly Pod[],
): Record<string, string[]> {
  const hurtUids = new Set(hurt.map(({ metadata }) => metadata.uid));
  const probed = new Set(streams.flatMap(({ podUid, address }) => [podUid, address]));
  const wanted = (pod: Pod): boolean =>
    probed.has(pod.metadata.uid ?? '') || addressesOfPod(pod).some((address) => probed.has(address));
  const unhurt = running.filter(({ metadata }) => !hurtUids.has(metadata.uid));
  const candidates = [...unhurt.filter(wanted), ...unhurt.filter((pod) => !wanted(pod))].map(addressesOfPod);
  const singles = groupsOf(selected)
    .flatMap(({ ipv4, ipv6 }) => [...ipv4, ...ipv6])
    .filter((peer) => isIP(peer) !== 0 && covers(selected, peer))
    .map((peer) => [peer]);
  const covered = candidates
    .map((addresses) => addresses.filter((address) => covers(selected, address)))
    .find((addresses) => addresses.length > 0);
  const chosen = covered ?? singles[0] ?? [];
  return Object.fromEntries(pods.map(({ metadata }) => [metadata.uid ?? '', chosen]));
}

/** How each target's gate can tell packets of the hypothesis: to the probed address, or back to the pod that probes. */
export function exposureOf(pods: readonly Pod[], streams: readonly ProbeStream[], running: readonly Pod[]): ExposureRule[] {
  const rules = pods.flatMap((pod) => {
    const uid = pod.metadata.uid ?? '';
    return streams.flatMap(({ hypothesis, podUid, protocol, address }): ExposureRule[] => {
      if (podUid === uid) return [{ hypothesis, podUid: uid, address, protocol }];
      const source = running.find(({ metadata }) => metadata.uid === podUid);
      const back = source ? addressesOfPod(source).filter((own) => isIpv6(own) === isIpv6(address)) : [];
      return back.map((own) => ({ hypothesis, podUid: uid, address: own, protocol }));
    });
  });
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

function groupsOf({ peers }: Pick<FaultWork, 'peers'>): Addresses[] {
  return peers === 'all' ? [] : [peers, ...(peers.atPorts ?? [])];
}

/** Whether packets to this address are hurt, whatever their ports. */
export function covers({ peers, except }: Pick<FaultWork, 'peers' | 'except'>, address: string): boolean {
  if (except !== undefined && isAmong(except, address)) return false;
  return peers === 'all' || groupsOf({ peers }).some((group) => isAmong(group, address));
}

function isAmong(addresses: Addresses, address: string): boolean {
  const family = isIpv6(address) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  for (const block of addresses[family]) {
    const [network = '', prefix] = block.split('/');
    if (prefix === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(prefix), family);
  }
  return list.check(address, family);
}
