/** Counts what of this instance is in namespaces. */
import { readTree } from '../../faults/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { DriverContext } from './context.ts';
import { isPresent } from './namespace.ts';
import { wholeObservation } from './programs.ts';
import { residueIn } from './reconcile.ts';

/** A tree without a table of ours counts when no other instance has a table beside it. */
export async function countResidue(
  { programs, ledger, instance, queue, namespaces }: DriverContext,
  asked: readonly Namespace[],
): Promise<number> {
  const counts = asked.map(
    async (namespace) =>
      await queue(namespace.inode, async () => {
        if (!(await isPresent(namespaces, namespace))) return 0;
        const [observation, entry] = [await programs.read(namespace, wholeObservation), await ledger.read(namespace)];
        const known = residueIn(observation, instance, entry);
        if (known.length > 0) return known.length;
        const devices = [...new Set(observation.qdiscs.map(({ dev = '' }) => dev))];
        const othersTable = observation.objects.some(({ table }) => table?.name?.startsWith('squall_') === true);
        return othersTable ? 0 : devices.filter((device) => readTree(observation.qdiscs, device) !== undefined).length;
      }),
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
