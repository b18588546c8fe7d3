/** Takes one fault out of a target that keeps others. */
import { dropsOf, readBandCounts, type TcQdisc } from '../../faults/index.ts';
import type { Removal } from '../kernel-driver.ts';
import { shrinkTo } from './apply.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import { planWorks, withoutMissingDevices } from './preparation.ts';
import { devicesOf, gateLists, queueLengthCommands } from './reconcile.ts';
import { undoTarget } from './undo.ts';
import { differencesFrom } from './verifying.ts';
import { longestWait } from './waiting.ts';

/**
 * The others' packets, leases and counters are not touched; the fault's own bands must be empty. Where somebody has changed what is there,
 * nothing is put back over their work: all of the target is undone, and the others see at their next reading that they are gone.
 * @param qdiscs what the target has now, with counters
 */
export async function leaveOthers(
  context: DriverContext,
  entry: LedgerEntry,
  qdiscs: readonly TcQdisc[],
  faultId: string,
): Promise<Removal> {
  const { programs, ledger, instance } = context;
  const { namespace, plan } = entry;
  const { links, objects } = await programs.read(namespace, ['links', 'objects'], gateLists(plan));
  const gatePriority = plan.gate.priority;
  const deviceGatePriority = plan.gate.devices?.priority ?? gatePriority;
  const seen = { qdiscs: [...qdiscs], links, objects };
  if (differencesFrom(withoutMissingDevices(plan, links), seen, instance).length > 0)
    return await undoTarget(context, entry, longestWait(entry));
  const { driver, egress } = plan;
  const works = entry.works.filter(({ id }) => id !== faultId);
  const next: LedgerEntry = {
    ...entry,
    works,
    plan: planWorks({ instance, namespace, driver, egress, works, links, gatePriority, deviceGatePriority, before: entry }),
    carried: carriedOver(entry, qdiscs, faultId),
  };
  await shrinkTo(context, next, entry, seen);
  const devicesLeft = devicesOf(plan).filter((device) => !devicesOf(next.plan).includes(device));
  // Whoever sets the queue length of such a device from now on does so for good. One that was renamed keeps its tree until the last undo.
  const left = links.filter(({ ifname }) => devicesLeft.includes(ifname)).map(({ ifindex }) => ifindex);
  if (devicesLeft.length > 0) {
    const { links: linksNow } = await programs.read(namespace, ['links']);
    await programs.changeLinks(namespace, queueLengthCommands(entry, devicesLeft, linksNow));
  }
  await ledger.write({ ...next, indexes: entry.indexes?.filter((index) => !left.includes(index)) });
  return { residue: 0, changedByOthers: [] };
}

/** What the remaining faults have counted in the bands that go with this one. */
function carriedOver({ plan, works, carried }: LedgerEntry, qdiscs: readonly TcQdisc[], faultId: string): LedgerEntry['carried'] {
  const counts = Object.fromEntries(devicesOf(plan).map((device) => [device, readBandCounts(qdiscs, device)]));
  const going = { ...plan, classes: plan.classes.filter(({ faultIds }) => faultIds.includes(faultId)) };
  const remaining = works.filter(({ id }) => id !== faultId);
  return Object.fromEntries(
    remaining.map(({ id }) => {
      const { drops, offered } = dropsOf(going, works, counts, id);
      const before = carried[id] ?? { drops: 0, offered: 0 };
      return [id, { drops: before.drops + drops, offered: before.offered + offered }];
    }),
  );
}
