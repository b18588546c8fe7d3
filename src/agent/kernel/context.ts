import type { Driver } from '../../api/index.ts';
import type { EgressWay } from '../../faults/index.ts';
import type { Clock } from '../../lib/index.ts';
import type { PodNamespaces } from '../namespaces/pod-namespaces.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import type { Ledger } from './ledger.ts';
import type { Programs } from './programs.ts';

/** What every operation of the driver needs. */
export type DriverContext = {
  instance: string;
  bootId: string;
  clock: Clock;
  namespaces: PodNamespaces;
  programs: Programs;
  ledger: Ledger;
  /** Keyed by the namespace's inode. */
  queue: KeyedQueue;
  /** What this kernel has. */
  chooseDriver: () => Promise<Driver>;
  chooseEgress: () => Promise<EgressWay>;
};
