/** Prepares a fault: ledger, tree, gate, and a look at what the kernel made of them. Nobody is hurt before a lease is committed. */
import type { Driver, FaultWork } from '../../api/index.ts';
import { queuesOf } from '../../faults/index.ts';
import { codeOf, messageOf, SquallError } from '../../lib/index.ts';
import type { Composition, Namespace } from '../kernel-driver.ts';
import { growTo, shrinkTo } from './apply.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import { decidePreparation } from './preparation.ts';
import { wholeObservation } from './programs.ts';
import { undoTarget } from './undo.ts';

/** What `prepareFault` would say of the target as it is now. */
export async function tryComposition(context: DriverContext, namespace: Namespace, work: FaultWork): Promise<Composition> {
  const { instance, bootId } = context;
  const facts = await gather(context, namespace);
  const meets = (facts.entry?.works ?? [])
    .filter(({ id, device }) => id !== work.id && device === work.device)
    .map(({ id }) => id);
  try {
    const { plan } = decidePreparation({ instance, bootId, namespace, work, ...facts });
    return { meets, queues: queuesOf(plan, work.id) };
  } catch (error) {
    if (codeOf(error) === 'Internal') throw error;
    return { meets, refusal: messageOf(error) };
  }
}

/** All or nothing: when anything fails, what was there before is put back and the error is thrown. Resolves to the driver that is to act. */
export async function prepareFault(context: DriverContext, namespace: Namespace, work: FaultWork): Promise<Driver> {
  const { ledger, instance, bootId } = context;
  const facts = await gather(context, namespace);
  const next = decidePreparation({ instance, bootId, namespace, work, ...facts });
  await ledger.write(next);
  try {
    await growTo(context, next, facts.entry, facts.observation);
  } catch (error) {
    await takeBack(context, next, facts.entry).catch((failure: unknown) => {
      throw new SquallError('CleanUpIncomplete', `${messageOf(error)}; and what was there before could not be put back`, {
        cause: failure,
      });
    });
    throw error;
  }
  return next.plan.driver;
}

async function gather({ programs, ledger, chooseDriver, chooseEgress }: DriverContext, namespace: Namespace) {
  const [observation, entry, driver] = await Promise.all([
    programs.read(namespace, wholeObservation),
    ledger.read(namespace),
    chooseDriver(),
  ]);
  // Of htb nothing needs to be tried: it knows no other way.
  const egress = driver === 'htb' ? 'own-device' : await chooseEgress();
  return { observation, entry, driver, egress };
}

/** Back to the faults that were there before; without any, back to the snapshot. */
async function takeBack(context: DriverContext, failed: LedgerEntry, before: LedgerEntry | undefined): Promise<void> {
  if (before === undefined) {
    const { residue } = await undoTarget(context, failed, 0);
    if (residue > 0) throw new SquallError('CleanUpIncomplete', `${String(residue)} things of ours are left in the target`);
    return;
  }
  await shrinkTo(context, before, failed, await context.programs.read(failed.namespace, wholeObservation));
  await context.ledger.write(before);
}
