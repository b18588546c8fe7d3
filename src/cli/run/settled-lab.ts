import type { ListenAddress } from '../serve/listen-address.ts';

/** Brings together a lab and the collector of this process, whichever is there first. */
export type SettledLab = {
  /** A collector receives here. Resolves once the lab, if it is settled, was told. */
  opened: (address: ListenAddress) => Promise<void>;
  /** The lab that stays is up, or there is none. One that is about to be replaced, or is made, must not be told anything. */
  settled: () => Promise<void>;
};

/** @param point has the lab export to the address; called for one address after the other */
export function createSettledLab(point: (address: ListenAddress) => Promise<void>): SettledLab {
  let isSettled = false;
  let newest: ListenAddress | undefined;
  let last = Promise.resolve();

  function tell(address: ListenAddress): Promise<void> {
    const told = last.then(() => point(address));
    last = told.catch(() => undefined);
    return told;
  }

  return {
    opened: async (address) => {
      newest = address;
      if (isSettled) await tell(address);
    },
    settled: async () => {
      isSettled = true;
      if (newest !== undefined) await tell(newest);
    },
  };
}
