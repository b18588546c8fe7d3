import type { Driver } from '../../api/index.ts';
import type { EgressWay } from '../../faults/index.ts';
import type { Clock } from '../../lib/index.ts';
import { tryCapability } from '../try-capability.ts';
import type { KernelDriver, Namespace } from '../kernel-driver.ts';
import { createLimiter, type Limiter, type Urgency } from '../limiter.ts';
import { namedNamespaces } from '../namespaces/named.ts';
import type { PodNamespaces } from '../namespaces/pod-namespaces.ts';
import type { DriverContext } from './context.ts';
import { createDriverChoice, createEgressChoice } from './driver-choice.ts';
import type { RunNft } from './in-process-nft.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { createLedger, readBootId } from './ledger.ts';
import { commitFaults, exchangeFaults, renewFault } from './leasing.ts';
import { openNamespace } from './namespace.ts';
import { prepareFault, tryComposition } from './preparing.ts';
import { createPrograms, type Programs } from './programs.ts';
import { readFault } from './reading.ts';
import { closeFault, removeFault } from './removing.ts';
import { sweepNode } from './sweeping.ts';
import { countResidue } from './residue.ts';
import { verifyTarget } from './verifying.ts';

export type KernelDriverOptions = {
  /** Absolute; the ledger is kept in its folder `ledger`. */
  stateFolder: string;
  instance: string;
  clock: Clock;
  /** How namespaces are found again, and which there are to search. @default named ones in /run/netns */
  namespaces?: PodNamespaces;
  /** How many programs run at once, but in a sweep. @default two */
  limit?: Limiter;
  /** How programs are run, where not as here. */
  programs?: Programs;
  /** What runs nft transactions, where not a program. */
  runNft?: RunNft;
  /** @default what a trial on this kernel shows */
  chooseDriver?: () => Promise<Driver>;
  chooseEgress?: () => Promise<EgressWay>;
};

export type LocalKernelDriver = KernelDriver & {
  /** Commits several faults of one namespace in one transaction. */
  commitAll(namespace: Namespace, leases: readonly { faultId: string; timeoutMs: number }[]): Promise<void>;
  /** Things of this instance in these namespaces, whoever put them there. */
  countResidue(namespaces: readonly Namespace[]): Promise<number>;
};

/** More than two at once only make each other slower, on any number of processors that was tried. */
const mostPrograms = 2;
/**
 * But in a sweep, which starts with nothing else to do: an nft that has deleted a table ends only when the kernel knows that nobody
 * sees that any more, some 10 ms in which the processors are free for the next target.
 */
const mostProgramsOfSweep = 4;

/** Puts faults into this machine's kernel. Operations on one namespace run one after the other. */
export async function createKernelDriver(options: KernelDriverOptions): Promise<LocalKernelDriver> {
  const { stateFolder, instance, clock, namespaces = namedNamespaces() } = options;
  const bootId = await readBootId();
  const queue = createKeyedQueue();
  const limit = options.limit ?? createLimiter(mostPrograms);
  const programsBy = (most: Limiter): Programs =>
    options.programs ?? createPrograms(most, namespaces, ({ inode }) => queue.isAwaited(inode), options.runNft);
  const context: DriverContext = {
    instance,
    bootId,
    clock,
    namespaces,
    programs: programsBy(limit),
    ledger: createLedger(stateFolder, instance, bootId),
    queue,
    chooseDriver: options.chooseDriver ?? createDriverChoice(clock, tryCapability),
    chooseEgress: options.chooseEgress ?? createEgressChoice(clock, tryCapability),
  };
  const inTurn = async <T>({ inode }: Namespace, work: () => Promise<T>, urgency?: Urgency): Promise<T> =>
    await queue(inode, work, urgency);
  return {
    openNamespace,
    tryComposition: async (namespace, work) =>
      await inTurn(namespace, async () => await tryComposition(context, namespace, work)),
    prepare: async (namespace, work) => await inTurn(namespace, async () => await prepareFault(context, namespace, work)),
    commit: async (namespace, faultId, timeoutMs) => {
      const work = async () => {
        await commitFaults(context, namespace, [{ faultId, timeoutMs }]);
      };
      await inTurn(namespace, work, 'urgent');
    },
    commitAll: async (namespace, leases) => {
      await inTurn(namespace, async () => {
        const asked = leases.map(({ faultId, timeoutMs }) => ({ faultId, timeoutMs: () => timeoutMs }));
        await commitFaults(context, namespace, asked);
      });
    },
    renew: async (namespace, faultId, timeoutMs) => {
      const work = async () => {
        await renewFault(context, namespace, faultId, timeoutMs);
      };
      await inTurn(namespace, work, 'urgent');
    },
    exchange: async (namespace, faults, timeoutMs) => {
      const work = async () => {
        await exchangeFaults(context, namespace, faults, timeoutMs);
      };
      await inTurn(namespace, work, 'urgent');
    },
    close: async (namespace, faultId) => {
      const work = async () => {
        await closeFault(context, namespace, faultId);
      };
      await inTurn(namespace, work, 'urgent');
    },
    remove: async (namespace, faultId) => await removeFault(context, namespace, faultId),
    read: async (namespace, faultId) => await inTurn(namespace, async () => await readFault(context, namespace, faultId)),
    verify: async (namespace) => await inTurn(namespace, async () => await verifyTarget(context, namespace)),
    sweep: async () => await sweepNode({ ...context, programs: programsBy(createLimiter(mostProgramsOfSweep)) }),
    countResidue: async (namespaces) => await countResidue(context, namespaces),
  };
}
