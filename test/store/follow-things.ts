import { type Clock, type ErrorCode, type SquallError, systemClock } from '../../src/lib/index.ts';
import { type Change, listWatch, type ListWatchOptions, type Sighting, type Store } from '../../src/store/index.ts';
import { seededRandom } from '../../scripts/random.ts';
import { type Thing, things } from './support.ts';

/** Follows the things of a store into a list of `type name value`, until it is stopped. */
export function followThings(store: Store, options: ListWatchOptions, clock: Clock = systemClock) {
  const seen: string[] = [];
  const sightings: Sighting[] = [];
  const troubles: ErrorCode[] = [];
  const waiting = new Set<() => void>();
  const controller = new AbortController();
  const tell = () => {
    for (const check of waiting) check();
  };
  const handler = {
    change: ({ type, object }: Change<Thing>, sighting: Sighting) => {
      sightings.push(sighting);
      seen.push(`${type} ${object.metadata.name} ${object.data?.value ?? ''}`);
      tell();
    },
    trouble: (error: SquallError) => {
      troubles.push(error.code);
      tell();
    },
  };
  const ended = listWatch(store, things, options, handler, clock, seededRandom(1), controller.signal);
  return {
    seen,
    sightings,
    troubles,
    until: (holds: () => boolean) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!holds()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    stop: async () => {
      controller.abort();
      await ended;
    },
  };
}
