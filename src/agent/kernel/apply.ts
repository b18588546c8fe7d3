/** Brings a target from one program to another and looks at what the kernel made of it. */
import { gateDifferences, readGate, readTree, treeDifferences } from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import type { Observation } from './programs.ts';
import { devicesOf, gateCommands, treeCommands } from './reconcile.ts';

type Present = Pick<Observation, 'qdiscs' | 'objects'>;

/** For faults that come: first the tree, which is inert without the gate; then the gate, which is inert without a lease. */
export async function growTo(
  { programs, instance }: DriverContext,
  { namespace, plan }: LedgerEntry,
  before: LedgerEntry | undefined,
  { qdiscs, objects }: Present,
): Promise<void> {
  await programs.changeTree(namespace, treeCommands(qdiscs, devicesOf(before?.plan), plan));
  await programs.changeGate(namespace, gateCommands(readGate(objects, instance), instance, plan));
}

/** For faults that go: the gate first, so that no packet is sent to a band that has gone. */
export async function shrinkTo(
  { programs, instance }: DriverContext,
  { namespace, plan }: LedgerEntry,
  before: LedgerEntry,
  { qdiscs, objects }: Present,
): Promise<void> {
  await programs.changeGate(namespace, gateCommands(readGate(objects, instance), instance, plan));
  await programs.changeTree(namespace, treeCommands(qdiscs, devicesOf(before.plan), plan));
}

/** @throws SquallError KernelRefused when the kernel does not hold exactly what was planned */
export async function verifyPlan({ programs, instance }: DriverContext, { namespace, plan }: LedgerEntry): Promise<void> {
  const [qdiscs, objects] = await Promise.all([
    programs.qdiscs(namespace),
    programs.list(namespace, [`list table inet ${plan.gate.table}`]),
  ]);
  const differences = [
    ...plan.trees.flatMap((tree) => treeDifferences(tree, readTree(qdiscs, tree.device))),
    ...gateDifferences(plan.gate, readGate(objects, instance)),
  ];
  if (differences.length > 0) throw new SquallError('KernelRefused', `NotAsPlanned: ${differences.join('; ')}`);
}
