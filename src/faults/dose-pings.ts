/** The agent's own pings, by which a dose is measured, as packets that a fault must hurt. */
import { createHash } from 'node:crypto';
import type { FaultWork } from '../api/index.ts';
import { parseByFamily } from './addresses.ts';
import { requestedDose } from './requested-dose.ts';
import type { Traffic } from './traffic.ts';
import { lineageOf } from './versions.ts';

/** None of them is a hypothesis's number, so that these are never taken for exposure. */
const dataBytes = {
  /** Of what a ping carries nobody notices that it was corrupted (dose-by-pings.ts). */
  corrupt: { usual: 0, own: { least: 1, count: 39 } },
  /** The longest, with every header, is less than the 1280 bytes that every IPv6 link takes. */
  other: { usual: 40, own: { least: 100, count: 1000 } },
};

/** Pings to every peer are among what such a work hurts. */
const hurtsPings = ({ protocol, ports, peers }: FaultWork): boolean => {
  const asksPorts = ports !== undefined || (peers !== 'all' && (peers.atPorts ?? []).length > 0);
  return (protocol === undefined || protocol === 'icmp') && !asksPorts;
};

/**
 * Bytes of data in a ping that measures the dose of this work. Where pings are among what it hurts, any is right. Else its gate takes
 * pings of one length to its dose peers as well: one that follows from the fault's id, whatever its version, so that the pings of two faults seldom meet both.
 */
export function dosePingBytes(work: FaultWork): number {
  const { usual, own } = dataBytes[work.effect.type === 'corrupt' ? 'corrupt' : 'other'];
  if (hurtsPings(work)) return usual;
  const digest = createHash('sha256').update(lineageOf(work)).digest();
  return own.least + (digest.readUInt32BE(0) % own.count);
}

/** The pings that are hurt only so that the dose can be measured. */
export function ownDosePings(work: FaultWork): Traffic[] {
  if (hurtsPings(work) || requestedDose(work.effect).source !== 'probe') return [];
  const addresses = parseByFamily(Object.values(work.dosePeers).flat());
  return [{ addresses, protocol: 'icmp', pingBytes: dosePingBytes(work) }];
}
