import type { NetworkCrossing } from '../../network-observer.ts';

export type CrossingOutlet = {
  push: (crossings: readonly NetworkCrossing[]) => void;
  taken: (count: number) => void;
  counters: () => { pushed: number; unread: number };
};

/** An owner that is held up takes nothing, and messages to it are kept in memory: only so many are. */
const mostUntaken = 4096;

/** Hands crossings over at once. The oldest go first: it is the first crossing of a run that aborts it. */
export function createCrossingOutlet(send: (crossings: readonly NetworkCrossing[]) => void): CrossingOutlet {
  let [pushed, unread, untaken] = [0, 0, 0];
  return {
    push: (crossings) => {
      if (crossings.length === 0) return;
      const going = crossings.slice(0, mostUntaken - untaken);
      unread += crossings.length - going.length;
      if (going.length === 0) return;
      pushed += going.length;
      untaken += going.length;
      send(going);
    },
    taken: (count) => {
      untaken -= count;
    },
    counters: () => ({ pushed, unread }),
  };
}
