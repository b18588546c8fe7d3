/** Brings a target from one program to another and looks at what the kernel made of it. */
import { readGate, type TcQdisc } from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import type { Observation } from './programs.ts';
import { deviceRemovalCommands, devicesOf, gateCommands, gateLists, newDeviceCommands, treeCommands } from './reconcile.ts';
import { differencesFrom } from './verifying.ts';

/**
 * For faults that come: devices of ours, to which the gate refers, then tree and gate side by side, since both are inert without a lease.
 * Both have ended when this settles.
 * @throws SquallError KernelRefused when the kernel does not hold exactly what was planned
 */
export async function growTo(
  context: DriverContext,
  wanted: LedgerEntry,
  before: LedgerEntry | undefined,
  { qdiscs, links, objects }: Observation,
): Promise<void> {
  const { programs, instance } = context;
  const { namespace, plan } = wanted;
  await programs.changeLinks(namespace, newDeviceCommands(links, plan));
  const [tree, gate] = await Promise.allSettled([
    programs.changeTree(namespace, treeCommands(qdiscs, devicesOf(before?.plan), plan)),
    programs.changeGate(namespace, gateCommands(readGate(objects, instance), plan)),
  ]);
  if (tree.status === 'rejected') throw tree.reason;
  if (gate.status === 'rejected') throw gate.reason;
  await verify(context, wanted, tree.value);
}

/**
 * For faults that go: the gate first, so that no packet is sent to a band that has gone.
 * @throws SquallError KernelRefused when the kernel does not hold exactly what was planned
 */
export async function shrinkTo(
  context: DriverContext,
  wanted: LedgerEntry,
  before: LedgerEntry,
  { qdiscs, links, objects }: Observation,
): Promise<void> {
  const { programs, instance } = context;
  const { namespace, plan } = wanted;
  await programs.changeGate(namespace, gateCommands(readGate(objects, instance), plan));
  const after = await programs.changeTree(namespace, treeCommands(qdiscs, devicesOf(before.plan), plan));
  await programs.changeLinks(namespace, deviceRemovalCommands(links, instance, plan));
  await verify(context, wanted, after);
}

async function verify({ programs, instance }: DriverContext, { namespace, plan }: LedgerEntry, qdiscs: TcQdisc[]): Promise<void> {
  const present = await programs.read(namespace, ['links', 'objects'], gateLists(plan));
  const differences = differencesFrom(plan, { qdiscs, ...present }, instance);
  if (differences.length > 0) throw new SquallError('KernelRefused', `NotAsPlanned: ${differences.join('; ')}`);
}
