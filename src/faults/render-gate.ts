/** The gate as input for `nft -f`; each text is one transaction, so that the kernel takes all of it or nothing. */
import { SquallError } from '../lib/index.ts';
import type { Family } from './addresses.ts';
import type { Gate, GateRule, PacketMatch } from './gate.ts';
import { checkDevice, checkFaultId, leaseSetName, peerSetName, tableName } from './names.ts';
import { bandHandle } from './tree.ts';

export const gateChain = 'egress';

/** Local ports that our TCP probes bind to; they lie above the default of ip_local_port_range. */
export const proberPorts = { first: 61_000, last: 65_535 } as const;
/** Length of the IP packet of a probe with 56 bytes of data; the dose's own probes carry 40 and are not counted. */
const probeLength: Record<Family, number> = { ipv4: 84, ipv6: 104 };

/** What the kernel already holds of a gate, by name. */
export type PresentObjects = { sets: readonly string[]; counters: readonly string[] };

/**
 * Puts a gate in place of whatever of it is there. Lease elements and counters of faults that stay are kept, and there is no
 * moment without the rules of a fault that is in both.
 * @param present what the kernel holds now; objects that the gate does not have are removed
 */
export function renderGate(gate: Gate, present: PresentObjects = { sets: [], counters: [] }): string {
  const { table, priority, leaseSets, peerSets, counters, rules } = gate;
  const place = `inet ${table}`;
  const newPeerSets = peerSets.filter(({ name }) => !present.sets.includes(name));
  const sets = [...leaseSets, ...peerSets.map(({ name }) => name)];
  return text([
    `add table ${place}`,
    `add chain ${place} ${gateChain} { type filter hook postrouting priority ${String(priority)}; policy accept; }`,
    `flush chain ${place} ${gateChain}`,
    ...present.sets.filter((name) => !sets.includes(name)).map((name) => `delete set ${place} ${name}`),
    ...present.counters.filter((name) => !counters.includes(name)).map((name) => `delete counter ${place} ${name}`),
    ...leaseSets.map((name) => `add set ${place} ${name} { type ifname; flags timeout; }`),
    ...newPeerSets.flatMap(({ name, family, blocks }) => [
      `add set ${place} ${name} { type ${family}_addr; flags interval; }`,
      `add element ${place} ${name} { ${blocks.join(', ')} }`,
    ]),
    ...counters.filter((name) => !present.counters.includes(name)).map((name) => `add counter ${place} ${name}`),
    ...rules.map((rule) => `add rule ${place} ${gateChain} ${ruleWords(rule)}`),
  ]);
}

export type Lease = { faultId: string; device: string; timeoutMs: number };

/** Commits leases, whatever is in their sets: from now on each ends by itself after its time. One transaction: no packet passes in between. */
export function renderLeases(instance: string, leases: readonly Lease[]): string {
  return text(
    leases.flatMap((lease) => {
      const { set, element, timeout } = leaseWords(instance, lease);
      return [`flush set ${set}`, `add element ${set} { ${element} ${timeout} }`];
    }),
  );
}

/**
 * Renews a lease that is held. Adding an element that is there would not refresh its time-out, hence the deletion; and deleting one
 * that has timed out fails, and the transaction with it, so that a fault which has ended is never taken up again.
 */
export function renderRenewal(instance: string, lease: Lease): string {
  const { set, element, timeout } = leaseWords(instance, lease);
  return text([`delete element ${set} { ${element} }`, `add element ${set} { ${element} ${timeout} }`]);
}

function leaseWords(instance: string, { faultId, device, timeoutMs }: Lease) {
  if (!(timeoutMs >= 1) || !Number.isFinite(timeoutMs)) {
    throw new SquallError(
      'InvalidInput',
      `lease of fault ${faultId}: ${String(timeoutMs)} ms is no time to hold a fault; close it instead`,
    );
  }
  return {
    set: `inet ${tableName(instance)} ${leaseSetName(checkFaultId(faultId))}`,
    element: `"${checkDevice(device)}"`,
    timeout: `timeout ${String(Math.floor(timeoutMs))}ms`,
  };
}

/** Ends faults at once: their packets take everybody's band again. */
export function renderClose(instance: string, faultIds: readonly string[]): string {
  return text(faultIds.map((id) => `flush set inet ${tableName(instance)} ${leaseSetName(checkFaultId(id))}`));
}

/** Removes the whole gate; also fine when there is none. */
export function renderGateRemoval(instance: string): string {
  const place = `inet ${tableName(instance)}`;
  return text([`add table ${place}`, `delete table ${place}`]);
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

function ruleWords({ matches, counters, band, returns, comment }: GateRule): string {
  return [
    ...matches.map(matchWords),
    ...counters.map((name) => `counter name "${name}"`),
    ...(band === undefined ? [] : [`meta priority set ${bandHandle(band)}`]),
    ...(returns ? ['return'] : []),
    `comment "${comment}"`,
  ].join(' ');
}

/** Neighbour discovery (RFC 4861) and multicast listener discovery (RFC 2710, 3810), which snooping bridges need for the former. */
const neighbourTypes = [
  ...['nd-neighbor-solicit', 'nd-neighbor-advert', 'nd-router-solicit', 'nd-router-advert', 'nd-redirect'],
  ...['mld-listener-query', 'mld-listener-report', 'mld-listener-done', 'mld2-listener-report'],
];

const daddr = (family: Family): string => (family === 'ipv4' ? 'ip daddr' : 'ip6 daddr');

function matchWords(packet: PacketMatch): string {
  switch (packet.match) {
    case 'leaves-by-other-device':
      return `oifname != { ${packet.devices.map((device) => `"${checkDevice(device)}"`).join(', ')} }`;
    case 'destination':
      return `${daddr(packet.family)} { ${packet.blocks.join(', ')} }`;
    case 'name-resolution':
      return 'meta l4proto { tcp, udp } th dport 53';
    case 'neighbour-discovery':
      return `icmpv6 type { ${neighbourTypes.join(', ')} }`;
    case 'group-membership':
      return 'meta l4proto igmp';
    case 'lease':
      return `oifname @${leaseSetName(checkFaultId(packet.faultId))}`;
    case 'peer':
      return `${daddr(packet.family)} @${peerSetName(checkFaultId(packet.faultId), packet.family)}`;
    case 'probe':
      return probeWords(packet.family, packet.protocol);
  }
}

function probeWords(family: Family, protocol: 'icmp' | 'tcp-from-prober' | 'tcp-to-prober'): string {
  const { first, last } = proberPorts;
  switch (protocol) {
    case 'icmp':
      return `${family === 'ipv4' ? 'icmp' : 'icmpv6'} type { echo-request, echo-reply } meta length ${String(probeLength[family])}`;
    case 'tcp-from-prober':
      return `tcp sport ${String(first)}-${String(last)}`;
    case 'tcp-to-prober':
      // A packet with both ports in the range is counted by the other rule.
      return `tcp sport < ${String(first)} tcp dport ${String(first)}-${String(last)}`;
  }
}
