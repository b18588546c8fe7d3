/**
 * The gate: an nftables table with one postrouting chain for what goes out, and where something comes in (or is duplicated), a second one
 * with chains at the devices. In each, a packet that meets no lease goes its way at once; then come exclusions, then the counters of exposure, then the rules of each class from the largest set
 * of faults to the smallest; each names the leases of its whole set and ends the packet's way, so that a packet falls through to the next
 * class, in the kernel, as soon as one lease times out.
 */
import type { FaultWork } from '../api/index.ts';
import { type AddressRange, families, type Family, formatBlock } from './addresses.ts';
import { flowsOf } from './classes.ts';
import { type ExposureCounter, exposureOf } from './exposure.ts';
import { classRules, exclusionRules, type GateRule, idleRule, markRule } from './gate-rules.ts';
import { exceptSetName, gateCounterName, leaseSetName, peerSetName, tableName } from './names.ts';
import type { PlacedClass } from './place.ts';
import { exceptionsOf, peerGroupsOf } from './selection.ts';

export type PeerSet = { name: string; family: Family; blocks: string[] };

/** What rules refer to. Every table has its own. */
export type GateObjects = { leaseSets: string[]; peerSets: PeerSet[]; counters: string[] };

/** A chain at one device. */
export type DeviceChain = { hook: 'ingress' | 'egress'; device: string; rules: GateRule[] };

/** The part of family netdev. */
export type DeviceGate = GateObjects & {
  /** After every other chain at a device: what others drop is dropped before it could be sent to a device of ours. */
  priority: number;
  chains: DeviceChain[];
};

export type Gate = GateObjects & {
  table: string;
  /** Above that of every other postrouting chain of the namespace: the last one to set a packet's priority wins. */
  priority: number;
  exposure: ExposureCounter[];
  rules: GateRule[];
  devices?: DeviceGate;
};

export type GateFacts = {
  instance: string;
  priority: number;
  devicePriority: number;
  faults: readonly FaultWork[];
  classes: readonly PlacedClass[];
  /** Only exposure rules of this pod are placed. */
  podUid: string;
};

/** The table of family inet knows every fault, also one that only hurts what comes in: its lease set is the one that is asked. */
export function planGate(facts: GateFacts): Gate {
  const { instance, priority, podUid } = facts;
  const faults = facts.faults.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const outgoing = faults.filter((work) => flowsOf(work).includes('egress'));
  const exposed = faults.flatMap((work) => exposureOf(work, podUid));
  const devices = planDeviceGate({ ...facts, faults });
  return {
    table: tableName(instance),
    priority,
    ...objectsOf(faults, outgoing, podUid),
    exposure: exposed.map(({ faultId, hypothesis, counter }) => ({ faultId, hypothesis, counter })),
    rules: outgoing.length === 0 ? [] : rulesOf(outgoing, 'egress', facts),
    ...(devices === undefined ? {} : { devices }),
  };
}

function planDeviceGate(facts: GateFacts): DeviceGate | undefined {
  const { faults, classes, devicePriority: priority, podUid } = facts;
  const incoming = faults.filter((work) => flowsOf(work).includes('ingress'));
  const devices = [...new Set(classes.map(({ faultClass }) => faultClass.device))].sort();
  const chains = devices.flatMap((device): DeviceChain[] => {
    const here = incoming.filter((work) => work.device === device);
    const marks = classes.flatMap(({ faultClass, place }) => (faultClass.device === device ? (place.atDevice ?? []) : []));
    return [
      ...(here.length === 0 ? [] : [{ hook: 'ingress' as const, device, rules: rulesOf(here, 'ingress', facts) }]),
      ...(marks.length === 0 ? [] : [{ hook: 'egress' as const, device, rules: marks.map(markRule) }]),
    ];
  });
  return chains.length === 0 ? undefined : { priority, ...objectsOf(incoming, incoming, podUid), chains };
}

/** @param hurting those whose peers the rules of this table ask for */
function objectsOf(faults: readonly FaultWork[], hurting: readonly FaultWork[], podUid: string): GateObjects {
  const exposed = faults.flatMap((work) => exposureOf(work, podUid));
  return {
    leaseSets: faults.map(({ id }) => leaseSetName(id)),
    peerSets: hurting.flatMap(peerSetsOf),
    counters: [...faults.map(({ id }) => gateCounterName(id)), ...exposed.map(({ counter }) => counter)],
  };
}

function peerSetsOf(work: FaultWork): PeerSet[] {
  const groups = peerGroupsOf(work).flatMap(({ addresses }, index) =>
    addresses === 'all' ? [] : setsOf(addresses, (family) => peerSetName(work.id, family, index)),
  );
  return [...groups, ...setsOf(exceptionsOf(work), (family) => exceptSetName(work.id, family))];
}

function setsOf(addresses: Record<Family, AddressRange[]>, nameOf: (family: Family) => string): PeerSet[] {
  return families
    .filter((family) => addresses[family].length > 0)
    .map((family) => ({
      name: nameOf(family),
      family,
      blocks: addresses[family].map((range) => formatBlock(range, family)),
    }));
}

/** @param works of one device where the chain is at a device */
function rulesOf(works: readonly FaultWork[], flow: 'egress' | 'ingress', { classes, podUid }: GateFacts): GateRule[] {
  const devices = [...new Set(works.map(({ device }) => device))].sort();
  const placed = classes.filter(({ faultClass }) => faultClass.flow === flow && devices.includes(faultClass.device));
  return [
    idleRule(works),
    ...exclusionRules(works, flow, devices),
    ...works.flatMap((work) => exposureOf(work, podUid)).flatMap(({ rules }) => rules),
    ...classRules(placed),
  ];
}
