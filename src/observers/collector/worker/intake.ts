/** Which datagrams are worth decoding. Asked of each, before anything of it is read. */
import { allowedSources, plainAddress } from '../allowed-sources.ts';
import type { IntakeCounters } from '../counters.ts';
import type { CollectorSettings } from '../options.ts';
import { createRateLimit } from './rate-limit.ts';

export type Intake = {
  /** @param source address that the datagram came from, as a socket gives it */
  accepts: (source: string, bytes: number, nowMs: number) => boolean;
  counters: () => IntakeCounters;
};

type IntakeSettings = Pick<CollectorSettings, 'allow' | 'mostDatagramBytes' | 'mostDatagramsPerSecondOfSource'>;

/** @throws InvalidInput of networks that are none */
export function createIntake({ allow, mostDatagramBytes, mostDatagramsPerSecondOfSource }: IntakeSettings): Intake {
  const isAllowed = allowedSources(allow);
  const isWithinRate =
    mostDatagramsPerSecondOfSource === undefined ? () => true : createRateLimit(mostDatagramsPerSecondOfSource);
  const rejected = { source: 0, tooLong: 0, rate: 0 };
  let [datagrams, bytesOfAll] = [0, 0];
  let lastRejected: string | undefined;

  return {
    accepts: (source, bytes, nowMs) => {
      datagrams += 1;
      bytesOfAll += bytes;
      if (!isAllowed(source)) {
        rejected.source += 1;
        lastRejected = source;
        return false;
      }
      if (bytes > mostDatagramBytes) {
        rejected.tooLong += 1;
        return false;
      }
      if (!isWithinRate(source, nowMs)) {
        rejected.rate += 1;
        return false;
      }
      return true;
    },
    counters: () => ({
      datagrams,
      bytes: bytesOfAll,
      rejected: { ...rejected },
      lastRejectedSource: lastRejected === undefined ? undefined : plainAddress(lastRejected),
    }),
  };
}
