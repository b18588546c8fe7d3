/** Compares a target's program with what the kernel has. */
import {
  gateDifferences,
  type NftObject,
  readGate,
  readTree,
  type TargetPlan,
  type TcQdisc,
  treeDifferences,
} from '../../faults/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { DriverContext } from './context.ts';
import { gateLists } from './reconcile.ts';

/** What differs from the plan of a namespace, one sentence each; nothing where there is no fault of ours. */
export async function verifyTarget({ programs, ledger, instance }: DriverContext, namespace: Namespace): Promise<string[]> {
  const entry = await ledger.read(namespace);
  if (entry === undefined) return [];
  const { plan } = entry;
  const { qdiscs, objects } = await programs.read(namespace, ['qdiscs', 'objects'], gateLists(plan));
  return differencesFrom(plan, qdiscs, objects, instance);
}

export function differencesFrom(
  { trees, gate }: TargetPlan,
  qdiscs: readonly TcQdisc[],
  objects: readonly NftObject[],
  instance: string,
): string[] {
  return [
    ...trees.flatMap((tree) => treeDifferences(tree, readTree(qdiscs, tree.device))),
    ...gateDifferences(gate, readGate(objects, instance)),
  ];
}
