/** Leases in the kernel: what commits a fault, and what keeps it from ending. */
import {
  familiesOfLease,
  fieldsOf,
  type Lease,
  leaseSetName,
  type NftObject,
  renderExchange,
  renderLeases,
  renderRenewal,
  type TableFamily,
  tableName,
} from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { LeaseTime, Namespace } from '../kernel-driver.ts';
import type { DriverContext } from './context.ts';
import { isNoSuchObject } from './programs.ts';
import { preparedFault } from './reading.ts';

/** @throws SquallError KernelRefused, NotPrepared, when one of them is not prepared here */
export async function commitFaults(
  context: DriverContext,
  namespace: Namespace,
  leases: readonly { faultId: string; timeoutMs: LeaseTime }[],
): Promise<void> {
  const prepared = leases.map(async ({ faultId, timeoutMs }) => {
    return { ...(await leasedFault(context, namespace, faultId)), timeoutMs };
  });
  const found = await Promise.all(prepared);
  const text = () =>
    renderLeases(
      context.instance,
      found.map((lease) => ({ ...lease, timeoutMs: lease.timeoutMs() })),
    );
  await context.programs.changeGate(namespace, text, 'urgent');
}

/** @throws SquallError KernelRefused: LeaseExpired when the kernel has ended the fault by itself, and it stays ended; GateGone when somebody else has */
export async function renewFault(
  context: DriverContext,
  namespace: Namespace,
  faultId: string,
  timeoutMs: LeaseTime,
): Promise<void> {
  const fault = await leasedFault(context, namespace, faultId);
  const renewal = () => renderRenewal(context.instance, { ...fault, timeoutMs: timeoutMs() });
  await changeHeld(context, namespace, fault, renewal);
}

/** @throws SquallError KernelRefused, as `renewFault`, of the fault that ends: then neither is held */
export async function exchangeFaults(
  context: DriverContext,
  namespace: Namespace,
  { ends, begins }: { ends: string; begins: string },
  timeoutMs: LeaseTime,
): Promise<void> {
  const [held, next] = await Promise.all([leasedFault(context, namespace, ends), leasedFault(context, namespace, begins)]);
  const exchange = () => renderExchange(context.instance, held, { ...next, timeoutMs: timeoutMs() });
  await changeHeld(context, namespace, held, exchange);
}

/** One transaction that the kernel takes only while it holds the fault. */
async function changeHeld(
  { programs, instance }: DriverContext,
  namespace: Namespace,
  fault: Omit<Lease, 'timeoutMs'>,
  commands: () => string,
): Promise<void> {
  const { faultId } = fault;
  try {
    await programs.changeGate(namespace, commands, 'urgent');
  } catch (error) {
    if (!isNoSuchObject(error)) throw error;
    const { objects } = await programs.read(namespace, ['objects']);
    const lacking = familiesOfLease(fault).find((family) => !hasLeaseSet(objects, family, instance, faultId));
    if (lacking !== undefined) {
      throw new SquallError(
        'KernelRefused',
        `GateGone: table ${lacking} ${tableName(instance)} no longer has fault ${faultId}; somebody else removed it, and the fault has no effect`,
        { cause: error },
      );
    }
    throw new SquallError(
      'KernelRefused',
      `LeaseExpired: the kernel had ended fault ${faultId} in the namespace of pod ${namespace.podUid} before its lease was renewed`,
      { cause: error },
    );
  }
}

async function leasedFault(context: DriverContext, namespace: Namespace, faultId: string): Promise<Omit<Lease, 'timeoutMs'>> {
  const { work } = await preparedFault(context, namespace, faultId);
  return { faultId, device: work.device, direction: work.direction };
}

function hasLeaseSet(objects: readonly NftObject[], ofFamily: TableFamily, instance: string, faultId: string): boolean {
  return fieldsOf(objects, 'set').some(
    ({ family, table, name }) => family === ofFamily && table === tableName(instance) && name === leaseSetName(faultId),
  );
}
