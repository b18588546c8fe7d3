/** All faults of one target together as one kernel program: a tree a device, and one gate. */
import type { Driver, FaultWork } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { impairmentOf } from './catalogue.ts';
import { assignBands, classesOf, classKey, type FaultClass, flows } from './classes.ts';
import { checkDriver } from './drivers.ts';
import { type Gate, planGate } from './gate.ts';
import { composeImpairments, type Impairment, longestDelayMs } from './impairment.ts';
import { checkDevice, checkFaultId, checkInstance, instanceOfDevice } from './names.ts';
import { type EgressWay, type PlacedClass, placeOf } from './place.ts';
import { largestPacketBytes, type QueueDemand, queueLimits } from './queue-limit.ts';
import { criteriaOf, isWithin, sparesSomeOf } from './selection.ts';
import { bandQdiscs, type DeviceTree, needsSegments, packetQueues, rootOf, shapingBytes } from './tree.ts';

export type TargetFacts = {
  instance: string;
  podUid: string;
  driver: Driver;
  /** Device → how what goes out there is hurt. @default own-root */
  egress: Readonly<Record<string, EgressWay>>;
  works: readonly FaultWork[];
  /** Class key → band, as an earlier plan of this target assigned them. */
  bands: Readonly<Record<string, number>>;
  /** Device → its MTU in bytes. */
  mtu: Readonly<Record<string, number>>;
  /** Of our postrouting chain, and of our chains at devices. */
  gatePriority: number;
  deviceGatePriority: number;
  /** What the target sends, where it was measured. */
  packetsPerSecond?: number;
};

/** Plain data: it is written into the ledger as it is. */
export type TargetPlan = {
  instance: string;
  driver: Driver;
  /** Device → how what goes out there is hurt, where anything is. */
  egress: Record<string, EgressWay>;
  /** Devices of ours that packets pass through (ifb), and the device whose packets those are. */
  intermediates: { name: string; device: string }[];
  trees: DeviceTree[];
  gate: Gate;
  /** Class key → band. */
  bands: Record<string, number>;
  /** Where the packets of each class wait. */
  classes: { device: string; band: number; faultIds: string[] }[];
};

/**
 * @throws SquallError InvalidInput for a fault that contradicts itself,
 *   KernelRefused (TooManyOverlaps, NotComposable, DelayNeedsTooMuchMemory, NoPeers, NeedsNetem) for faults that cannot share this target
 */
export function planTarget(facts: TargetFacts): TargetPlan {
  const { podUid, driver, gatePriority: priority, deviceGatePriority: devicePriority, packetsPerSecond } = facts;
  const instance = checkInstance(facts.instance);
  const faults = checkInclusions(facts.works.map((work) => checkWork(work, driver)));
  const devices = [...new Set(faults.map(({ device }) => device))].sort();
  const classes = devices.flatMap((device) =>
    flows.flatMap((flow) => {
      const ofFlow = checkRates(classesOf(device, flow, faults));
      const numbers = assignBands(ofFlow, facts.bands);
      return ofFlow.map((faultClass) => plannedClass({ ...facts, instance }, faultClass, numbers));
    }),
  );
  const limits = queueLimits(
    classes.map((one) => demandOf(one, driver)),
    packetsPerSecond,
  );
  return {
    instance,
    driver,
    egress: waysUsed(facts.egress, classes),
    intermediates: intermediatesOf(classes),
    trees: treesOf(driver, classes, limits),
    gate: planGate({ instance, priority, devicePriority, faults, classes, podUid }),
    bands: Object.fromEntries(classes.map(({ key, number }) => [key, number])),
    classes: classes.map(({ faultClass: { faults: met }, place: { device, band } }) => ({
      device,
      band,
      faultIds: met.map(({ id }) => id),
    })),
  };
}

function checkWork(work: FaultWork, driver: Driver): FaultWork {
  checkFaultId(work.id);
  checkDevice(work.device);
  checkDriver(driver, work.id, impairmentOf(work.effect));
  if (criteriaOf({ ...work, dosePeers: {} }).length === 0) {
    throw new SquallError(
      'KernelRefused',
      `NoPeers: fault ${work.id} names no peer address of either family, so it would hurt nobody; correct its peers`,
    );
  }
  return work;
}

/** What is spared is spared by one rule ahead of all faults, so they must agree on it. */
function checkInclusions(works: FaultWork[]): FaultWork[] {
  const inclusionsOf = ({ include = [] }: FaultWork) => include.toSorted().join(', ');
  const [first, ...others] = works;
  const other = others.find((work) => first !== undefined && inclusionsOf(work) !== inclusionsOf(first));
  if (first === undefined || other === undefined) return works;
  throw new SquallError(
    'KernelRefused',
    `NotComposable: fault ${first.id} includes [${inclusionsOf(first)}] and fault ${other.id} includes [${inclusionsOf(other)}], and on one target all spare the same; give both the same include`,
  );
}

/** Each class has a queue of its own, so packets of one rate that are in several classes would have the whole rate in each. */
function checkRates(classes: FaultClass[]): FaultClass[] {
  const singles = classes.filter(({ faults }) => faults.length === 1);
  for (const { faults, selection } of classes.filter(({ faults: met }) => met.length === 2)) {
    for (const rate of faults.filter(({ effect }) => effect.type === 'rate')) {
      const whole = singles.find((one) => one.faults[0]?.id === rate.id)?.selection ?? selection;
      const other = faults.find(({ id }) => id !== rate.id);
      if (isWithin(whole, selection) && (other === undefined || !sparesSomeOf(other, rate))) continue;
      throw new SquallError(
        'KernelRefused',
        `NotComposable: only some packets of the rate ${rate.id} would meet fault ${other?.id ?? ''}, and these would have the whole rate once more; give both the same peers, ports and exceptions, or nothing in common`,
      );
    }
  }
  return classes;
}

type PlannedClass = PlacedClass & { key: string; number: number; impairment: Impairment; mtu: number };

function plannedClass(
  { instance, driver, egress, mtu }: Pick<TargetFacts, 'instance' | 'driver' | 'egress' | 'mtu'>,
  faultClass: FaultClass,
  numbers: ReadonlyMap<string, number>,
): PlannedClass {
  const key = classKey(faultClass);
  const [number, deviceMtu] = [numbers.get(key), mtu[faultClass.device]];
  if (number === undefined || deviceMtu === undefined) {
    throw new SquallError('Internal', `no band for class ${key}, or no MTU for device ${faultClass.device}`);
  }
  const impairment = composeImpairments(faultClass.faults.map(({ effect }) => impairmentOf(effect)));
  const place = placeOf(instance, faultClass, key, number, {
    alone: driver === 'htb' || impairment.duplicatePercent > 0,
    egress: egress[faultClass.device] ?? 'own-root',
  });
  return { key, number, faultClass, impairment, place, mtu: deviceMtu };
}

function waysUsed(egress: TargetFacts['egress'], classes: readonly PlannedClass[]): TargetPlan['egress'] {
  const outgoing = classes.filter(({ faultClass }) => faultClass.flow === 'egress');
  return Object.fromEntries(outgoing.map(({ faultClass: { device } }) => [device, egress[device] ?? 'own-root']));
}

function intermediatesOf(classes: readonly PlannedClass[]): TargetPlan['intermediates'] {
  const passed = classes.filter(({ faultClass, place }) => place.device !== faultClass.device);
  const named = new Map(passed.map(({ faultClass: { device }, place }) => [place.device, device]));
  return [...named].map(([name, device]) => ({ name, device })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A queued segment takes about twice its length of memory; a super-packet may be 64 KiB. */
function demandOf({ key, impairment, mtu }: PlannedClass, driver: Driver): QueueDemand {
  const segmented = needsSegments(impairment);
  const { rateLimit } = impairment;
  return {
    key,
    delayMs: longestDelayMs(impairment),
    segmented,
    packetBytes: packetQueues(impairment, driver) * (segmented ? 2 * mtu : largestPacketBytes),
    fixedBytes: rateLimit === undefined ? 0 : 2 * shapingBytes(rateLimit, mtu).queueBytes,
  };
}

/** Devices of the target come before ours. */
function treesOf(driver: Driver, classes: readonly PlannedClass[], limits: ReadonlyMap<string, number>): DeviceTree[] {
  const trees = new Map<string, DeviceTree>();
  for (const { key, impairment, place, mtu } of classes) {
    const tree = trees.get(place.device) ?? { device: place.device, root: rootOf[driver], bands: {} };
    trees.set(place.device, tree);
    if (tree.bands[place.band] !== undefined) {
      throw new SquallError(
        'KernelRefused',
        `NameTaken: two devices of ours would be called ${place.device}; give one fault another id`,
      );
    }
    tree.bands[place.band] = bandQdiscs(place.band, impairment, { driver, limit: limits.get(key) ?? 0, mtu });
  }
  return [...trees.values()].sort((a, b) => compareDevices(a.device, b.device));
}

function compareDevices(a: string, b: string): number {
  const [ours, theirs] = [instanceOfDevice(a) !== undefined, instanceOfDevice(b) !== undefined];
  return ours === theirs ? (a < b ? -1 : 1) : ours ? 1 : -1;
}

/** Bands through which packets of a fault pass, of one device of a plan. */
export function bandsOfFault(plan: TargetPlan, faultId: string): { device: string; band: number }[] {
  return plan.classes.filter(({ faultIds }) => faultIds.includes(faultId)).map(({ device, band }) => ({ device, band }));
}
