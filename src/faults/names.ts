/**
 * Names that end up in kernel objects and in the input of tc and nft. Every one is checked here before it is used, so that
 * no text from outside can change the meaning of a line.
 */
import { createHash } from 'node:crypto';
import { SquallError } from '../lib/index.ts';

const instancePattern = /^[0-9a-f]{8}$/;
const faultIdPattern = /^[a-z0-9]{1,32}$/;
// The kernel takes more; these 15 are what nft's quoted strings and tc's words carry without quoting.
const devicePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/;

function checked(text: string, pattern: RegExp, field: string, expected: string): string {
  if (pattern.test(text)) return text;
  throw new SquallError('InvalidInput', `${field}: ${JSON.stringify(text)} is not ${expected}; correct it in the manifest`);
}

export function checkInstance(instance: string): string {
  return checked(instance, instancePattern, 'instance', 'an instance id (8 hexadecimal digits)');
}

export function checkFaultId(id: string): string {
  return checked(id, faultIdPattern, 'fault.id', 'a fault id (1 to 32 of a-z and 0-9)');
}

export function checkDevice(device: string): string {
  return checked(device, devicePattern, 'fault.device', 'a device name (1 to 15 letters, digits, underscores, dots or hyphens)');
}

/** The nftables tables (family inet, and netdev where there are chains at devices) that hold everything of one instance in one namespace. */
export function tableName(instance: string): string {
  return `squall_${checkInstance(instance)}`;
}

/** The instance that a table of this name belongs to; undefined when it is none of ours. */
export function instanceOfTable(name: string): string | undefined {
  return /^squall_([0-9a-f]{8})$/.exec(name)?.[1];
}

/**
 * Devices of ours that packets pass through: one for what comes in by a device, one for what goes out, and one for every class that shares its
 * device with no other. 15 characters are all that a kernel takes.
 * @param of the device, or the class, that it is for
 */
export function intermediateName(instance: string, kind: 'ingress' | 'egress' | 'class', of: string): string {
  const number = createHash('sha256').update(of).digest().readUInt32BE();
  const digest = number.toString(36).padStart(4, '0').slice(-4);
  return `sq${checkInstance(instance)}${kind.slice(0, 1)}${digest}`;
}

/** The instance that such a device belongs to; undefined when it is none of ours. */
export function instanceOfDevice(name: string): string | undefined {
  return /^sq([0-9a-f]{8})[iec][0-9a-z]{4}$/.exec(name)?.[1];
}

export const leaseSetName = (faultId: string): string => `lease_${faultId}`;
/** @param group of the fault's peers: those at the same ports */
export const peerSetName = (faultId: string, family: 'ipv4' | 'ipv6', group: number): string =>
  `peers_${family}_${faultId}${group === 0 ? '' : `_${String(group)}`}`;
/** Peers that a fault spares. */
export const exceptSetName = (faultId: string, family: 'ipv4' | 'ipv6'): string => `except_${family}_${faultId}`;
/** Counts what met the gate of a fault. */
export const gateCounterName = (faultId: string): string => `met_${faultId}`;
export const exposureCounterName = (faultId: string, index: number): string => `exposure_${faultId}_${String(index)}`;
