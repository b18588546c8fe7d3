/**
 * The lab's network as the texts that `ip -batch`, `nft -f` and sysctl files take. Names are ours or UUIDs and addresses come
 * from the plan, so nothing that a person wrote enters these texts.
 */
import { gateway, gatewayLinkLocalAddress, linkLocalAddress, podRange } from './addresses.ts';
import type { LabPlan, PlannedPod, PlannedServicePort } from './plan.ts';

/** The node's own device on the switch: the kernel's bridge, or that of an Open vSwitch. */
export const nodeBridge = 'squall0';

/**
 * Makes all namespaces and links: `ip -batch` in the root namespace, which gets none of the devices. A link's ends are born in
 * their namespaces, so a kill between two lines leaves only namespaces whose names are recorded.
 */
export function namespacesBatch({ nodeNetworkNamespace, pods }: LabPlan): string {
  return lines([
    `netns add ${nodeNetworkNamespace}`,
    ...pods.flatMap((pod) => [
      `netns add ${pod.networkNamespace}`,
      `link add ${linkName(pod)} netns ${nodeNetworkNamespace} type veth peer name eth0 netns ${pod.networkNamespace}`,
    ]),
  ]);
}

/**
 * The node: a bridge that has the gateway addresses, and every pod's link as a port (an Open vSwitch has made both already). Pods have
 * host addresses (/32, /128), so pod-to-pod traffic is routed here and replies from a service's pods pass the same connection tracking
 * as the requests.
 */
export function nodeBatch({ pods, switch: settings }: LabPlan): string {
  const isOwnBridge = settings === undefined;
  return lines([
    'link set lo up',
    ...(isOwnBridge ? [`link add ${nodeBridge} type bridge forward_delay 0 mcast_snooping 0`] : []),
    `link set ${nodeBridge} addrgenmode none`,
    `addr add ${gateway.ipv4}/32 dev ${nodeBridge}`,
    `addr add ${gateway.ipv6}/128 dev ${nodeBridge} nodad`,
    `addr add ${gatewayLinkLocalAddress}/64 dev ${nodeBridge} nodad`,
    `link set ${nodeBridge} up`,
    `route add ${podRange.ipv4} dev ${nodeBridge}`,
    `route add ${podRange.ipv6} dev ${nodeBridge}`,
    ...pods.map((pod) => `link set ${linkName(pod)} addrgenmode none ${isOwnBridge ? `master ${nodeBridge} ` : ''}up`),
  ]);
}

export function podBatch({ index, addresses }: PlannedPod): string {
  return lines([
    'link set lo up',
    'link set eth0 addrgenmode none up',
    `addr add ${addresses.ipv4}/32 dev eth0`,
    `addr add ${addresses.ipv6}/128 dev eth0 nodad`,
    `addr add ${linkLocalAddress(index)}/64 dev eth0 nodad`,
    `route add default via ${gateway.ipv4} dev eth0 onlink`,
    `route add default via ${gateway.ipv6} dev eth0 onlink`,
  ]);
}

/** Files under /proc/sys that must hold 1 (and 0) in the node's namespace. The bridge ones exist only with br_netfilter. */
export const nodeSettings = {
  one: ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'],
  zeroWherePresent: [
    '/proc/sys/net/bridge/bridge-nf-call-iptables',
    '/proc/sys/net/bridge/bridge-nf-call-ip6tables',
    '/proc/sys/net/bridge/bridge-nf-call-arptables',
  ],
} as const;

/**
 * Cluster addresses, as kube-proxy's rules mean them: new connections go round robin over a service's endpoints, what no rule
 * serves is refused, and only a pod that reaches itself through a service gets another source address. Redirects are dropped,
 * because a pod that followed one would bypass the node and with it these rules.
 */
export function servicesRuleset({ instance, services, pods }: LabPlan): string {
  const clusterIPs = services.flatMap(({ clusterAddresses }) => clusterAddresses ?? []);
  const rules = services.flatMap(({ manifest, clusterAddresses, ports }) =>
    clusterAddresses === undefined
      ? []
      : manifest.spec.ipFamilies.flatMap((family) => ports.flatMap((port) => translation(port, family, clusterAddresses, pods))),
  );
  return lines([
    `table inet squall_lab_${instance} {`,
    ...set(
      'served4',
      'ipv4_addr',
      clusterIPs.map(({ ipv4 }) => ipv4),
    ),
    ...set(
      'served6',
      'ipv6_addr',
      clusterIPs.map(({ ipv6 }) => ipv6),
    ),
    ...set(
      'hairpin4',
      'ipv4_addr . ipv4_addr',
      pods.map(({ addresses: { ipv4 } }) => `${ipv4} . ${ipv4}`),
    ),
    ...set(
      'hairpin6',
      'ipv6_addr . ipv6_addr',
      pods.map(({ addresses: { ipv6 } }) => `${ipv6} . ${ipv6}`),
    ),
    '  chain translate {',
    '    type nat hook prerouting priority dstnat; policy accept;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '  chain refuse {',
    '    type filter hook prerouting priority dstnat + 1; policy accept;',
    '    ip daddr @served4 meta l4proto tcp reject with tcp reset',
    '    ip6 daddr @served6 meta l4proto tcp reject with tcp reset',
    '    ip daddr @served4 reject with icmp type port-unreachable',
    '    ip6 daddr @served6 reject with icmpv6 type port-unreachable',
    '  }',
    '  chain hairpin {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    '    ip saddr . ip daddr @hairpin4 masquerade',
    '    ip6 saddr . ip6 daddr @hairpin6 masquerade',
    '  }',
    '  chain redirects {',
    '    type filter hook output priority filter; policy accept;',
    '    icmp type redirect drop',
    '    icmpv6 type nd-redirect drop',
    '  }',
    '}',
  ]);
}

/**
 * The ports of an Open vSwitch in user space, which sees a packet before these rules: without them the node's own stack would receive it
 * as well, and would answer ARP at a port (OVS, Using Open vSwitch without kernel support).
 */
export function switchedPortsRuleset({ instance, pods }: LabPlan): string {
  return lines([
    `table netdev squall_lab_${instance} {`,
    '  chain ports {',
    `    type filter hook ingress devices = { ${pods.map(linkName).join(', ')} } priority filter; policy drop;`,
    '  }',
    '}',
  ]);
}

function translation(
  { protocol, port, endpoints }: PlannedServicePort,
  family: 'IPv4' | 'IPv6',
  cluster: { ipv4: string; ipv6: string },
  pods: PlannedPod[],
): string[] {
  const [keyword, field] = family === 'IPv4' ? (['ip', 'ipv4'] as const) : (['ip6', 'ipv6'] as const);
  const choices = endpoints.flatMap((endpoint, choice) => {
    const pod = pods[endpoint.podIndex];
    return pod === undefined ? [] : [`${choice} : ${pod.addresses[field]} . ${endpoint.port}`];
  });
  if (choices.length === 0) return [];
  const match = `${keyword} daddr ${cluster[field]} ${protocol.toLowerCase()} dport ${port}`;
  return [`${match} dnat ${keyword} to numgen inc mod ${choices.length} map { ${choices.join(', ')} }`];
}

function set(name: string, type: string, elements: string[]): string[] {
  const content = elements.length === 0 ? '' : ` elements = { ${elements.join(', ')} }`;
  return [`  set ${name} { type ${type};${content} }`];
}

/** The node's end of a pod's link. */
export function linkName({ index }: PlannedPod): string {
  return `pod-${index}`;
}

function lines(parts: string[]): string {
  return `${parts.join('\n')}\n`;
}
