/** All faults of one target together as one kernel program: a tree a device, and one gate. */
import type { FaultWork } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';
import { impairmentOf } from './catalogue.ts';
import { assignBands, classesOf, classKey, type FaultClass } from './classes.ts';
import { type Gate, planGate } from './gate.ts';
import { composeImpairments, type Impairment, longestDelayMs } from './impairment.ts';
import { checkDevice, checkFaultId, checkInstance } from './names.ts';
import { largestPacketBytes, type QueueDemand, queueLimits } from './queue-limit.ts';
import { isEmptySelection, selectionOf } from './selection.ts';
import { bandQdiscs, type DeviceTree, needsSegments, netemCount, shapingBytes } from './tree.ts';

export type PlannedFault = { work: FaultWork };

export type TargetFacts = {
  instance: string;
  podUid: string;
  faults: readonly PlannedFault[];
  /** Class key → band, as an earlier plan of this target assigned them. */
  bands: Readonly<Record<string, number>>;
  /** Device → its MTU in bytes. */
  mtu: Readonly<Record<string, number>>;
  /** Of our postrouting chain. */
  gatePriority: number;
  /** What the target sends, where it was measured. */
  packetsPerSecond?: number;
};

/** Plain data: it is written into the ledger as it is. */
export type TargetPlan = {
  instance: string;
  trees: DeviceTree[];
  gate: Gate;
  /** Class key → band. */
  bands: Record<string, number>;
  classes: { device: string; band: number; faultIds: string[] }[];
};

/**
 * @throws SquallError InvalidInput for a fault that contradicts itself, NotImplemented for one that is not built,
 *   KernelRefused (TooManyOverlaps, NotComposable, DelayNeedsTooMuchMemory, NoPeers) for faults that cannot share this target
 */
export function planTarget(facts: TargetFacts): TargetPlan {
  const { podUid, gatePriority: priority, mtu, packetsPerSecond } = facts;
  const instance = checkInstance(facts.instance);
  const faults = facts.faults.map(({ work }) => checkWork(work));
  const devices = [...new Set(faults.map(({ device }) => device))].sort();
  const classes = devices.flatMap((device) => {
    const ofDevice = classesOf(device, faults);
    const bands = assignBands(ofDevice, facts.bands);
    return ofDevice.map((faultClass) => plannedClass(faultClass, bands, mtu));
  });
  const limits = queueLimits(classes.map(demandOf), packetsPerSecond);
  const bands = new Map(classes.map(({ key, band }) => [key, band]));
  return {
    instance,
    trees: devices.map((device) => treeOf(device, classes, limits)),
    gate: planGate({ instance, priority, faults, classes: classes.map(({ faultClass }) => faultClass), bands, podUid }),
    bands: Object.fromEntries(bands),
    classes: classes.map(({ faultClass, band }) => ({
      device: faultClass.device,
      band,
      faultIds: faultClass.faults.map(({ id }) => id),
    })),
  };
}

function checkWork(work: FaultWork): FaultWork {
  checkFaultId(work.id);
  checkDevice(work.device);
  impairmentOf(work.effect);
  if (isEmptySelection(selectionOf(work.peers))) {
    throw new SquallError(
      'KernelRefused',
      `NoPeers: fault ${work.id} names no peer address of either family, so it would hurt nobody; correct its peers`,
    );
  }
  return work;
}

type PlannedClass = { key: string; band: number; faultClass: FaultClass; impairment: Impairment; mtu: number };

function plannedClass(faultClass: FaultClass, bands: ReadonlyMap<string, number>, mtu: TargetFacts['mtu']): PlannedClass {
  const key = classKey(faultClass.faults.map(({ id }) => id));
  const [band, deviceMtu] = [bands.get(key), mtu[faultClass.device]];
  if (band === undefined || deviceMtu === undefined) {
    throw new SquallError('Internal', `no band for class ${key}, or no MTU for device ${faultClass.device}`);
  }
  const impairment = composeImpairments(faultClass.faults.map(({ effect }) => impairmentOf(effect)));
  return { key, band, faultClass, impairment, mtu: deviceMtu };
}

/** A queued segment takes about twice its length of memory; a super-packet may be 64 KiB. */
function demandOf({ key, impairment, mtu }: PlannedClass): QueueDemand {
  const segmented = needsSegments(impairment);
  const { rateLimit } = impairment;
  return {
    key,
    delayMs: longestDelayMs(impairment),
    segmented,
    packetBytes: netemCount(impairment) * (segmented ? 2 * mtu : largestPacketBytes),
    fixedBytes: rateLimit === undefined ? 0 : 2 * shapingBytes(rateLimit, mtu).queueBytes,
  };
}

function treeOf(device: string, classes: readonly PlannedClass[], limits: ReadonlyMap<string, number>): DeviceTree {
  const ofDevice = classes.filter(({ faultClass }) => faultClass.device === device);
  return {
    device,
    bands: Object.fromEntries(
      ofDevice.map(({ key, band, impairment, mtu }) => [band, bandQdiscs(band, impairment, limits.get(key) ?? 0, mtu)]),
    ),
  };
}

/** Bands through which packets of a fault pass, of one device of a plan. */
export function bandsOfFault(plan: TargetPlan, faultId: string): { device: string; band: number }[] {
  return plan.classes.filter(({ faultIds }) => faultIds.includes(faultId)).map(({ device, band }) => ({ device, band }));
}
