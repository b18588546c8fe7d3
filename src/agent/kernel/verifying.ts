/** Compares a target's program with what the kernel has. */
import { gateDifferences, readGate, readTree, type TargetPlan, treeDifferences } from '../../faults/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { DriverContext } from './context.ts';
import { type Observation, wholeObservation } from './programs.ts';
import { foreignRoot, gateLists, hasFilters, isUp } from './reconcile.ts';

/** What differs from the plan of a namespace, one sentence each; nothing where there is no fault of ours. */
export async function verifyTarget({ programs, ledger, instance }: DriverContext, namespace: Namespace): Promise<string[]> {
  const entry = await ledger.read(namespace);
  if (entry === undefined) return [];
  return differencesFrom(entry.plan, await programs.read(namespace, wholeObservation, gateLists(entry.plan)), instance);
}

export function differencesFrom(
  { intermediates, trees, gate }: TargetPlan,
  { qdiscs, links, objects }: Observation,
  instance: string,
): string[] {
  const down = intermediates.filter(({ name }) => !links.some((link) => link.ifname === name && isUp(link)));
  const sentFrom = gate.devices?.chains.filter(({ hook }) => hook === 'egress').map(({ device }) => device) ?? [];
  const filtered = sentFrom.filter((device) => hasFilters(device, qdiscs));
  const replaced = sentFrom.flatMap((device) => {
    const root = trees.some((tree) => tree.device === device) ? undefined : foreignRoot(device, qdiscs);
    return root === undefined ? [] : [{ device, root }];
  });
  return [
    ...replaced.map(
      ({ device, root: { kind, handle } }) =>
        `${device} has the qdisc ${kind} ${handle}, whose first filter action does not see packets that pass a device of ours`,
    ),
    ...filtered.map(
      (device) => `${device} has the qdisc clsact, whose filters do not see packets that pass a device of ours on their way out`,
    ),
    ...down.map(({ name }) => `device ${name} is missing or down, and what should pass it is lost`),
    ...trees.flatMap((tree) => treeDifferences(tree, readTree(qdiscs, tree.device))),
    ...gateDifferences(gate, readGate(objects, instance)),
  ];
}
