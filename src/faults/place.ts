/**
 * Where the packets of a class are hurt. What comes in passes through a device of ours with a tree of its own, since nothing can be queued
 * before a device. What goes out does the same where the kernel can send it there, so that the root of the target's device stays as it is; else
 * it takes a band of the device's own tree. And some classes pass through a device for them alone, whichever way they go: those that duplicate,
 * for kernels allow no other netem in a tree that has one that duplicates, and all of the driver htb, whose roots have one band.
 */
import type { FaultClass } from './classes.ts';
import { intermediateName } from './names.ts';
import { bandHandle } from './tree.ts';

/** How what goes out by a device of the target is hurt: in a tree of ours that takes the place of the device's root, or on a device of ours. */
export type EgressWay = 'own-root' | 'own-device';

export type ClassPlace = {
  /** The device whose tree has the band. */
  device: string;
  band: number;
  /** What the gate gives the packet as its priority. */
  priority: string;
  /** The device of ours that the gate sends the packet to. */
  forwardTo?: string;
  /** On its way out the packet is sent there at the device itself, by the mark that the gate has given it. */
  atDevice?: { mark: string; forwardTo: string; priority: string };
};

export type PlacedClass = { faultClass: FaultClass; place: ClassPlace };

/** The band of a device of ours that has but one class. */
export const onlyBand = 1;
/** As nft prints 0, what a packet has that nobody has given a priority; every tree of ours gives it the first band. */
const noPriority = 'none';
const markMajor = 'fad0:';

/**
 * @param number of the class among those of its device and direction, from 2 to 16
 * @param alone it shares its device with no other class
 */
export function placeOf(
  instance: string,
  { device, flow }: FaultClass,
  key: string,
  number: number,
  { alone, egress }: { alone: boolean; egress: EgressWay },
): ClassPlace {
  if (flow === 'egress' && egress === 'own-root' && !alone) return { device, band: number, priority: bandHandle(number) };
  const own = alone ? intermediateName(instance, 'class', `${device} ${key}`) : intermediateName(instance, flow, device);
  const band = alone ? onlyBand : number;
  if (flow === 'ingress') return { device: own, band, priority: bandHandle(band), forwardTo: own };
  const mark = `${markMajor}${number.toString(16)}`;
  return {
    device: own,
    band,
    priority: mark,
    atDevice: { mark, forwardTo: own, priority: alone ? noPriority : bandHandle(band) },
  };
}
