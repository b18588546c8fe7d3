/** The gate as input for `nft -f`; each text is one transaction, so that the kernel takes all of it or nothing. */
import { SquallError } from '../lib/index.ts';
import type { FaultWork, PortRange, Protocol } from '../api/index.ts';
import type { Family } from './addresses.ts';
import type { Flow } from './classes.ts';
import type { DeviceChain, Gate, GateObjects } from './gate.ts';
import type { GateRule, PacketMatch } from './gate-rules.ts';
import { checkDevice, checkFaultId, exceptSetName, leaseSetName, peerSetName, tableName } from './names.ts';

export const gateChain = 'egress';

/** In the table of family netdev, which has one chain for every device and direction. */
export const deviceChainName = ({ hook, device }: Pick<DeviceChain, 'hook' | 'device'>): string => `${hook}_${device}`;

/** Local ports that our TCP probes bind to; they lie above the default of ip_local_port_range. */
export const proberPorts = { first: 61_000, last: 65_535 } as const;
/** Bytes of data in a hypothesis's ping; those of the dose carry another number and are not counted. */
const probeDataBytes = 56;
/** Bytes of the headers of IP and ICMP. */
const pingHeaders: Record<Family, number> = { ipv4: 28, ipv6: 48 };

export const tableFamilies = ['inet', 'netdev'] as const;
export type TableFamily = (typeof tableFamilies)[number];

/** Of the tables that a gate has. */
export function familiesOfGate({ devices }: Gate): readonly TableFamily[] {
  return devices === undefined ? ['inet'] : tableFamilies;
}

/** What the kernel already holds of a table, by name. */
export type PresentObjects = { sets: readonly string[]; counters: readonly string[]; chains: readonly string[] };
/** `undefined` where there is no such table. */
export type PresentGate = { inet?: PresentObjects; netdev?: PresentObjects };

/**
 * Puts a gate in place of whatever of it is there. Lease elements and counters of faults that stay are kept, and there is no
 * moment without the rules of a fault that is in both.
 * @param present what the kernel holds now; objects that the gate does not have are removed
 */
export function renderGate(gate: Gate, present: PresentGate = {}): string {
  const { table, priority, rules, devices } = gate;
  const postrouting = {
    name: gateChain,
    type: `filter hook postrouting priority ${String(priority)}`,
    flow: 'egress' as const,
    rules,
  };
  const atDevices = devices?.chains.map((chain) => ({
    name: deviceChainName(chain),
    type: `filter hook ${chain.hook} device "${checkDevice(chain.device)}" priority ${String(devices.priority)}`,
    flow: chain.hook,
    rules: chain.rules,
  }));
  return text([
    ...renderTable(`inet ${table}`, gate, [postrouting], present.inet),
    ...(devices && atDevices ? renderTable(`netdev ${table}`, devices, atDevices, present.netdev) : []),
    ...(devices === undefined && present.netdev !== undefined ? [`delete table netdev ${table}`] : []),
  ]);
}

type RenderedChain = { name: string; type: string; flow: Flow; rules: readonly GateRule[] };

const nothingPresent: PresentObjects = { sets: [], counters: [], chains: [] };

function renderTable(
  place: string,
  { leaseSets, peerSets, counters }: GateObjects,
  chains: readonly RenderedChain[],
  present: PresentObjects = nothingPresent,
): string[] {
  const newPeerSets = peerSets.filter(({ name }) => !present.sets.includes(name));
  const sets = [...leaseSets, ...peerSets.map(({ name }) => name)];
  const goingChains = present.chains.filter((present) => !chains.some(({ name }) => name === present));
  return [
    `add table ${place}`,
    ...chains.flatMap(({ name, type }) => [
      `add chain ${place} ${name} { type ${type}; policy accept; }`,
      `flush chain ${place} ${name}`,
    ]),
    ...goingChains.flatMap((name) => [`flush chain ${place} ${name}`, `delete chain ${place} ${name}`]),
    ...present.sets.filter((name) => !sets.includes(name)).map((name) => `delete set ${place} ${name}`),
    ...present.counters.filter((name) => !counters.includes(name)).map((name) => `delete counter ${place} ${name}`),
    ...leaseSets.map((name) => `add set ${place} ${name} { type ifname; flags timeout; }`),
    ...newPeerSets.flatMap(({ name, family, blocks }) => [
      `add set ${place} ${name} { type ${family}_addr; flags interval; }`,
      `add element ${place} ${name} { ${blocks.join(', ')} }`,
    ]),
    ...counters.filter((name) => !present.counters.includes(name)).map((name) => `add counter ${place} ${name}`),
    ...chains.flatMap(({ name, flow, rules }) => rules.map((rule) => `add rule ${place} ${name} ${ruleWords(rule, flow)}`)),
  ];
}

/** A fault by what names its lease: the sets that hold it are in the tables of its directions. */
export type LeasedFault = { faultId: string; direction: FaultWork['direction'] };
export type Lease = LeasedFault & { device: string; timeoutMs: number };

/** Commits leases, whatever is in their sets: from now on each ends by itself after its time. One transaction: no packet passes in between. */
export function renderLeases(instance: string, leases: readonly Lease[]): string {
  return text(
    leases.flatMap((lease) => {
      const { element, timeout } = leaseWords(lease);
      return leaseSets(instance, lease).flatMap((set) => [`flush set ${set}`, `add element ${set} { ${element} ${timeout} }`]);
    }),
  );
}

/**
 * Renews a lease that is held. Adding an element that is there would not refresh its time-out, hence the deletion; and deleting one
 * that has timed out fails, and the transaction with it, so that a fault which has ended is never taken up again.
 */
export function renderRenewal(instance: string, lease: Lease): string {
  const { element, timeout } = leaseWords(lease);
  return text(
    leaseSets(instance, lease).flatMap((set) => [
      `delete element ${set} { ${element} }`,
      `add element ${set} { ${element} ${timeout} }`,
    ]),
  );
}

function leaseWords({ faultId, device, timeoutMs }: Lease) {
  if (!(timeoutMs >= 1) || !Number.isFinite(timeoutMs)) {
    throw new SquallError(
      'InvalidInput',
      `lease of fault ${faultId}: ${String(timeoutMs)} ms is no time to hold a fault; close it instead`,
    );
  }
  return { element: `"${checkDevice(device)}"`, timeout: `timeout ${String(Math.floor(timeoutMs))}ms` };
}

/** Families of the tables that hold the lease of a fault: in the one of family inet it always is. */
export const familiesOfLease = ({ direction }: Pick<LeasedFault, 'direction'>): readonly TableFamily[] =>
  direction === 'egress' ? ['inet'] : tableFamilies;

function leaseSets(instance: string, fault: LeasedFault, families = familiesOfLease(fault)): string[] {
  return families.map((family) => `${family} ${tableName(instance)} ${leaseSetName(checkFaultId(fault.faultId))}`);
}

/**
 * Ends a fault at once: its packets take everybody's band again.
 * @param families those of all its tables, unless one of them has gone
 */
export function renderClose(instance: string, fault: LeasedFault, families = familiesOfLease(fault)): string {
  return text(leaseSets(instance, fault, families).map((set) => `flush set ${set}`));
}

/**
 * Removes the tables of a gate; also fine when they are not there.
 * @param families a kernel that does not know netdev refuses to hear of it: it is only named where the gate has such a table
 */
export function renderGateRemoval(instance: string, families: readonly TableFamily[]): string {
  return text(
    families.flatMap((family) => {
      const place = `${family} ${tableName(instance)}`;
      return [`add table ${place}`, `delete table ${place}`];
    }),
  );
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

function ruleWords({ matches, counters, priority, forwardTo, returns, comment }: GateRule, flow: Flow): string {
  return [
    ...matches.map((packet) => matchWords(packet, flow)),
    ...counters.map((name) => `counter name "${name}"`),
    ...(priority === undefined ? [] : [`meta priority set ${priority}`]),
    ...(forwardTo === undefined ? [] : [`fwd to "${checkDevice(forwardTo)}"`]),
    ...(returns ? ['return'] : []),
    `comment "${comment}"`,
  ].join(' ');
}

/** Neighbour discovery (RFC 4861) and multicast listener discovery (RFC 2710, 3810), which snooping bridges need for the former. */
const neighbourTypes = [
  ...['nd-neighbor-solicit', 'nd-neighbor-advert', 'nd-router-solicit', 'nd-router-advert', 'nd-redirect'],
  ...['mld-listener-query', 'mld-listener-report', 'mld-listener-done', 'mld2-listener-report'],
];

const otherEnd = (family: Family, flow: Flow): string =>
  `${family === 'ipv4' ? 'ip' : 'ip6'} ${flow === 'egress' ? 'daddr' : 'saddr'}`;

function matchWords(packet: PacketMatch, flow: Flow): string {
  switch (packet.match) {
    case 'leaves-by-other-device':
      return `oifname != { ${packet.devices.map((device) => `"${checkDevice(device)}"`).join(', ')} }`;
    case 'no-ip':
      return 'meta protocol != { ip, ip6 }';
    case 'address':
      return `${otherEnd(packet.family, flow)} { ${packet.blocks.join(', ')} }`;
    case 'name-resolution':
      return `meta l4proto { tcp, udp } th ${flow === 'egress' ? 'dport' : 'sport'} 53`;
    case 'neighbour-discovery':
      return `icmpv6 type { ${neighbourTypes.join(', ')} }`;
    case 'group-membership':
      return 'meta l4proto igmp';
    case 'lease':
      return `${flow === 'egress' ? 'oifname' : 'iifname'} @${leaseSetName(checkFaultId(packet.faultId))}`;
    case 'peer':
      return `${otherEnd(packet.family, flow)} @${peerSetName(checkFaultId(packet.faultId), packet.family, packet.group)}`;
    case 'not-excepted':
      return `${otherEnd(packet.family, flow)} != @${exceptSetName(checkFaultId(packet.faultId), packet.family)}`;
    case 'family':
      return `meta protocol ${packet.family === 'ipv4' ? 'ip' : 'ip6'}`;
    case 'protocol':
      return `meta l4proto ${protocolWords(packet.protocol)}`;
    case 'port':
      return portWords(packet.ports, (packet.of === 'peer') === (flow === 'egress') ? 'dport' : 'sport');
    case 'ping':
      return pingWords(packet.family, packet.dataBytes);
    case 'probe':
      return probeWords(packet.family, packet.protocol);
    case 'priority':
      return `meta priority ${packet.priority}`;
  }
}

const protocolWords = (protocol: Protocol): string => (protocol === 'icmp' ? '{ icmp, ipv6-icmp }' : protocol);

/** Of the protocols that have ports at the same place. Without asking for those first, nft would read the same bytes of any packet. */
function portWords({ first, last }: PortRange, port: 'sport' | 'dport'): string {
  return `meta l4proto { tcp, udp, udplite, sctp, dccp } th ${port} ${first === last ? String(first) : `${String(first)}-${String(last)}`}`;
}

function pingWords(family: Family, dataBytes: number): string {
  const length = pingHeaders[family] + dataBytes;
  return `${family === 'ipv4' ? 'icmp' : 'icmpv6'} type { echo-request, echo-reply } meta length ${String(length)}`;
}

function probeWords(family: Family, protocol: 'icmp' | 'tcp-from-prober' | 'tcp-to-prober'): string {
  const { first, last } = proberPorts;
  switch (protocol) {
    case 'icmp':
      return pingWords(family, probeDataBytes);
    case 'tcp-from-prober':
      return `tcp sport ${String(first)}-${String(last)}`;
    case 'tcp-to-prober':
      // A packet with both ports in the range is counted by the other rule.
      return `tcp sport < ${String(first)} tcp dport ${String(first)}-${String(last)}`;
  }
}
