/** Leases in the kernel: what commits a fault, and what keeps it from ending. */
import { type Lease, leaseSetName, renderLeases, renderRenewal, tableName } from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { LeaseTime, Namespace } from '../kernel-driver.ts';
import type { DriverContext } from './context.ts';
import { isNoSuchObject } from './programs.ts';
import { preparedEntry } from './reading.ts';

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

/** @throws SquallError KernelRefused, LeaseExpired, when the kernel has ended the fault by itself; it stays ended */
export async function renewFault(
  context: DriverContext,
  namespace: Namespace,
  faultId: string,
  timeoutMs: LeaseTime,
): Promise<void> {
  const { programs, instance } = context;
  const fault = await leasedFault(context, namespace, faultId);
  try {
    await programs.changeGate(namespace, () => renderRenewal(instance, { ...fault, timeoutMs: timeoutMs() }), 'urgent');
  } catch (error) {
    if (!isNoSuchObject(error)) throw error;
    const list = `list set inet ${tableName(instance)} ${leaseSetName(faultId)}`;
    const { objects } = await programs.read(namespace, ['objects'], [list]);
    if (objects.length === 0) throw error;
    throw new SquallError(
      'KernelRefused',
      `LeaseExpired: the kernel had ended fault ${faultId} in the namespace of pod ${namespace.podUid} before its lease was renewed`,
      { cause: error },
    );
  }
}

async function leasedFault(context: DriverContext, namespace: Namespace, faultId: string): Promise<Omit<Lease, 'timeoutMs'>> {
  const { works } = await preparedEntry(context, namespace, faultId);
  const work = works.find(({ id }) => id === faultId);
  return { faultId, device: work?.device ?? '', direction: work?.direction ?? 'egress' };
}
