import type { DatagramHeader } from '../decode/walk-datagram.ts';
import { nothingSeen } from './seen-datagrams.ts';

/** What is counted of an agent and sub-agent before its first datagram, as if the one before that had come. */
export const beforeFirstDatagram = (
  agent: string,
  { subAgent, sequence, uptimeMs }: Pick<DatagramHeader, 'subAgent' | 'sequence' | 'uptimeMs'>,
) => ({
  agent,
  subAgent,
  datagrams: 0,
  lost: 0,
  late: 0,
  duplicates: 0,
  restarts: 0,
  malformed: 0,
  samples: 0,
  sampleDrops: 0,
  samplesMissed: 0,
  sequence: (sequence - 1) >>> 0,
  seen: nothingSeen(),
  uptimeMs,
});
