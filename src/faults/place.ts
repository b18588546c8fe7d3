/**
 * Where the packets of a class are hurt. What goes out takes a band of the device's own tree. What comes in passes through a device of ours
 * with a tree of its own, since nothing can be queued before a device. And some classes pass through a device for them alone, whichever way they
 * go: those that duplicate, for kernels allow no other netem in a tree that has one that duplicates, and all of the driver htb, which leaves
 * the root of the target's device as it is.
 */
import type { Driver } from '../api/index.ts';
import type { FaultClass } from './classes.ts';
import { intermediateName } from './names.ts';
import { bandHandle } from './tree.ts';

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
/** Everybody's band: what has passed a device of ours goes on through it. */
const everybodys = bandHandle(onlyBand);
/** As nft prints 0, what a packet has that nobody has given a priority. */
const noPriority = 'none';
const markMajor = 'fad0:';

/**
 * @param number of the class among those of its device and direction, from 2 to 16
 * @param alone it shares its device with no other class
 * @param driver without netem the target's device has no tree of ours
 */
export function placeOf(
  instance: string,
  { device, flow }: FaultClass,
  key: string,
  number: number,
  { alone, driver }: { alone: boolean; driver: Driver },
): ClassPlace {
  if (alone) {
    const own = intermediateName(instance, 'class', `${device} ${key}`);
    const place = { device: own, band: onlyBand };
    if (flow === 'ingress') return { ...place, priority: everybodys, forwardTo: own };
    const mark = `${markMajor}${number.toString(16)}`;
    return {
      ...place,
      priority: mark,
      atDevice: { mark, forwardTo: own, priority: driver === 'netem' ? everybodys : noPriority },
    };
  }
  if (flow === 'egress') return { device, band: number, priority: bandHandle(number) };
  const own = intermediateName(instance, 'ingress', device);
  return { device: own, band: number, priority: bandHandle(number), forwardTo: own };
}
