/** The gate as input for `nft -f`; each text is one transaction, so that the kernel takes all of it or nothing. */
import { SquallError } from '../lib/index.ts';
import type { FaultWork } from '../api/index.ts';
import type { Flow } from './classes.ts';
import type { DeviceChain, Gate, GateObjects } from './gate.ts';
import type { GateRule } from './gate-rules.ts';
import { checkDevice, checkFaultId, leaseSetName, tableName } from './names.ts';
import { ruleWords } from './packet-words.ts';

export const gateChain = 'egress';

/** In the table of family netdev, which has one chain for every device and direction. */
export const deviceChainName = ({ hook, device }: Pick<DeviceChain, 'hook' | 'device'>): string => `${hook}_${device}`;

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

/**
 * Ends a lease that is held and commits another fault's, in one transaction: every packet meets the one or the other. Where the first has timed
 * out, its deletion fails, and the second is not committed either.
 */
export function renderExchange(instance: string, ends: Omit<Lease, 'timeoutMs'>, begins: Lease): string {
  const ended = leaseSets(instance, ends).map((set) => `delete element ${set} { ${elementOf(ends)} }`);
  return `${text(ended)}${renderLeases(instance, [begins])}`;
}

const elementOf = ({ device }: Pick<Lease, 'device'>): string => `"${checkDevice(device)}"`;

function leaseWords({ faultId, device, timeoutMs }: Lease) {
  if (!(timeoutMs >= 1) || !Number.isFinite(timeoutMs)) {
    throw new SquallError(
      'InvalidInput',
      `lease of fault ${faultId}: ${String(timeoutMs)} ms is no time to hold a fault; close it instead`,
    );
  }
  return { element: elementOf({ device }), timeout: `timeout ${String(Math.floor(timeoutMs))}ms` };
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
