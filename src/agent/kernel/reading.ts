/** What the kernel has counted for one fault. */
import type { FaultWork } from '../../api/index.ts';
import {
  bandsOfFault,
  dropsOf,
  familiesOfGate,
  familiesOfLease,
  familiesWithTable,
  gateCounterName,
  instanceOfDevice,
  leaseLeftMs,
  leaseSetName,
  readBandCounts,
  readCounters,
  readTree,
  shapedBytesOf,
  tableFamilies,
  tableName,
} from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { FaultReading, Namespace } from '../kernel-driver.ts';
import type { DriverContext } from './context.ts';
import type { LedgerEntry } from './ledger.ts';
import { devicesOf, gateLists } from './reconcile.ts';

export async function readFault(context: DriverContext, namespace: Namespace, faultId: string): Promise<FaultReading> {
  const { programs, instance } = context;
  const { entry, work } = await preparedFault(context, namespace, faultId);
  const table = tableName(instance);
  const { gate } = entry.plan;
  const parts = [`list counters table inet ${table}`, `list set inet ${table} ${leaseSetName(faultId)}`];
  const lists = gate.devices === undefined ? parts : gateLists(entry.plan);
  const { qdiscs, objects } = await programs.read(namespace, ['qdiscs', 'objects'], lists);
  const counters = readCounters(objects, instance);
  const met = counters[gateCounterName(faultId)];
  const tables = gate.devices === undefined ? familiesOfGate(gate) : familiesWithTable(objects, instance);
  const places = bandsOfFault(entry.plan, faultId);
  const needed = places.some(({ device }) => instanceOfDevice(device) === instance) ? tableFamilies : familiesOfLease(work);
  const lacking = needed.filter((family) => !tables.includes(family));
  if (met === undefined || lacking.length > 0) {
    throw new SquallError(
      'KernelRefused',
      `GateGone: table ${lacking[0] ?? 'inet'} ${table} no longer has fault ${faultId}; somebody else removed it, and the fault has no effect`,
    );
  }
  const gone = places.find(({ device }) => readTree(qdiscs, device) === undefined);
  if (gone !== undefined) {
    throw new SquallError(
      'KernelRefused',
      `TreeGone: device ${gone.device} no longer has the tree of fault ${faultId}; somebody else removed it, and the fault has no effect`,
    );
  }
  const counts = Object.fromEntries(devicesOf(entry.plan).map((device) => [device, readBandCounts(qdiscs, device)]));
  const { drops, offered } = dropsOf(entry.plan, entry.works, counts, faultId);
  const carried = entry.carried[faultId] ?? { drops: 0, offered: 0 };
  return {
    ...met,
    drops: drops + carried.drops,
    offered: offered + carried.offered,
    exposure: exposureOf(entry, faultId, counters),
    shaped: shapedBytesOf(entry.plan, entry.works, counts, faultId),
    leaseLeftMs: leaseLeftMs(objects, leaseSetName(faultId)),
  };
}

function exposureOf({ plan }: LedgerEntry, faultId: string, counters: ReturnType<typeof readCounters>): Record<string, number> {
  const asked = plan.gate.exposure.filter((exposure) => exposure.faultId === faultId);
  return Object.fromEntries(asked.map(({ hypothesis, counter }) => [hypothesis, counters[counter]?.packets ?? 0]));
}

/** @throws SquallError KernelRefused when the fault was not prepared in this namespace */
export async function preparedFault(
  { ledger }: DriverContext,
  namespace: Namespace,
  faultId: string,
): Promise<{ entry: LedgerEntry; work: FaultWork }> {
  const entry = await ledger.read(namespace);
  const work = entry?.works.find(({ id }) => id === faultId);
  if (entry !== undefined && work !== undefined) return { entry, work };
  throw new SquallError(
    'KernelRefused',
    `NotPrepared: fault ${faultId} is not prepared in the namespace of pod ${namespace.podUid}; prepare it first`,
  );
}
