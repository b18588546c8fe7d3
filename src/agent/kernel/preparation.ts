/** Decides whether a fault can join a target, and what the target's program then is. Reads nothing and runs nothing. */
import type { Driver, FaultWork } from '../../api/index.ts';
import {
  checkDevice,
  type EgressWay,
  familiesWithTable,
  fieldsOf,
  instanceOfDevice,
  onlyNetemDoes,
  type NftObject,
  planTarget,
  readTree,
  tableName,
  type TargetPlan,
  type TcQdisc,
} from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { LedgerEntry } from './ledger.ts';
import type { IpLink, Observation } from './programs.ts';
import { foreignRoot, hasFilters, ownDevices, rootsOf } from './reconcile.ts';

export type PreparationFacts = {
  instance: string;
  bootId: string;
  namespace: Namespace;
  work: FaultWork;
  observation: Observation;
  /** What the ledger holds of this namespace. */
  entry: LedgerEntry | undefined;
  /** What this kernel has; a target that has faults keeps the driver that they were planned for. */
  driver: Driver;
  /** How this kernel lets what goes out be hurt by netem; a device that has faults keeps the way that they were planned for. */
  egress: EgressWay;
};

/** Above the priorities that others use by convention (at most 300 for the last of them, NF_IP_PRI_CONNTRACK_HELPER). */
const leastGatePriority = 300;
const mostPriority = 2_147_483_647;

function refuse(reason: string, text: string): never {
  throw new SquallError('KernelRefused', `${reason}: ${text}`);
}

/** The ledger entry with the fault in it. @throws SquallError KernelRefused with the reason, InvalidInput */
export function decidePreparation(facts: PreparationFacts): LedgerEntry {
  const { instance, bootId, namespace, observation, entry } = facts;
  const work: FaultWork = { ...facts.work, exposure: facts.work.exposure.filter(({ podUid }) => podUid === namespace.podUid) };
  const before = entry?.works.find(({ id }) => id === work.id);
  if (before !== undefined && JSON.stringify(before) !== JSON.stringify(work)) {
    refuse(
      'FaultChanged',
      `fault ${work.id} is in this target already, with other figures; remove it first, or give the new one its own id`,
    );
  }
  const [leftOver] = [
    ...familiesWithTable(observation.objects, instance).map((family) => `table ${family} ${tableName(instance)}`),
    ...ownDevices(observation.links, instance).map((name) => `device ${name}`),
  ];
  if (entry === undefined && leftOver !== undefined) {
    refuse('LeftOver', `${leftOver} is here, but the ledger knows nothing of it; restart the agent, which sweeps`);
  }
  checkDevicePresent(work.device, observation.links);
  if (work.direction !== 'ingress') checkEgressHook(work.device, observation.objects, instance);
  const driver = entry?.plan.driver ?? facts.driver;
  if (driver !== facts.driver && onlyNetemDoes(work.effect)) {
    refuse(
      'OtherDriver',
      `the faults on this target came when the kernel had no netem, and all on one target have one driver; wait for them to end`,
    );
  }
  const works = before === undefined ? [...(entry?.works ?? []), work] : (entry?.works ?? []);
  const egress = egressWays(works, { ...facts, driver });
  checkForeignFilters(work, egress, observation.qdiscs);
  const gatePriority = decidePriority(observation.objects, instance, 'postrouting');
  const hasDeviceGate = works.some((one) => one.direction !== 'egress' || passesDevice(one, egress));
  const deviceGatePriority = hasDeviceGate ? decidePriority(observation.objects, instance, 'device') : leastGatePriority;
  const { links } = observation;
  const plan = planWorks({ instance, namespace, driver, egress, works, links, gatePriority, deviceGatePriority, before: entry });
  const rooted = work.direction === 'ingress' ? treesOf(plan) : [work.device, ...treesOf(plan)];
  for (const device of rooted) checkRoot(device, observation.qdiscs, entry);
  return {
    version: 1,
    instance,
    bootId,
    namespace,
    snapshot: entry?.snapshot ?? observation,
    works,
    plan,
    indexes: [...new Set([...indexesOf(entry, observation.links), ...indexesOn(treesOf(plan), observation.links)])],
    carried: entry?.carried ?? {},
  };
}

/** Of an entry that has names only, those of the devices that have them now. */
function indexesOf(entry: LedgerEntry | undefined, links: readonly IpLink[]): number[] {
  return entry?.indexes ?? indexesOn(entry === undefined ? [] : treesOf(entry.plan), links);
}

const treesOf = ({ trees }: TargetPlan): string[] => trees.map(({ device }) => device);

function indexesOn(devices: readonly string[], links: readonly IpLink[]): number[] {
  return links.filter(({ ifname }) => devices.includes(ifname)).map(({ ifindex }) => ifindex);
}

type PlanFacts = {
  instance: string;
  namespace: Namespace;
  driver: Driver;
  egress: Readonly<Record<string, EgressWay>>;
  works: readonly FaultWork[];
  links: readonly IpLink[];
  gatePriority: number;
  deviceGatePriority: number;
  /** What the ledger says: bands are kept. */
  before: LedgerEntry | undefined;
};

export function planWorks(facts: PlanFacts): TargetPlan {
  const { instance, namespace, driver, egress, works, links, gatePriority, deviceGatePriority, before } = facts;
  const plan = planTarget({
    instance,
    podUid: namespace.podUid,
    driver,
    egress,
    works,
    bands: before?.plan.bands ?? {},
    mtu: Object.fromEntries([...(before?.snapshot.links ?? []), ...links].map(({ ifname, mtu }) => [ifname, mtu])),
    gatePriority,
    deviceGatePriority,
  });
  return withoutMissingDevices(plan, links);
}

/**
 * A device that has vanished took its tree and its chains along; the plan has none for it, and keeps the gate of its faults until they are
 * undone.
 */
export function withoutMissingDevices(plan: TargetPlan, links: readonly IpLink[]): TargetPlan {
  const isThere = (name: string): boolean => links.some(({ ifname }) => ifname === name);
  const intermediates = plan.intermediates.filter(({ device }) => isThere(device));
  const { devices } = plan.gate;
  const chains = devices?.chains.filter(({ device }) => isThere(device)) ?? [];
  return {
    ...plan,
    intermediates,
    trees: plan.trees.filter(({ device }) =>
      instanceOfDevice(device) === undefined ? isThere(device) : intermediates.some(({ name }) => name === device),
    ),
    gate: { ...plan.gate, ...(devices && { devices: { ...devices, chains } }) },
  };
}

function checkDevicePresent(device: string, links: readonly IpLink[]): void {
  checkDevice(device);
  if (links.some(({ ifname }) => ifname === device)) return;
  const names = links.map(({ ifname }) => ifname).join(', ');
  refuse('DeviceMissing', `there is no device '${device}' in the target; it has ${names}; correct fault.device`);
}

/**
 * Handle `0:` says that the kernel made the qdisc by itself: replacing it and deleting ours brings back exactly that one. Nor does what passes a
 * device of ours go through a root of somebody else's: the kernel skips the first action of its filters then (tcf_action_exec, tc_skip_classify).
 */
function checkRoot(device: string, qdiscs: readonly TcQdisc[], entry: LedgerEntry | undefined): void {
  const hasOurs = entry?.plan.trees.some((tree) => tree.device === device) === true;
  const ours = hasOurs && readTree(rootsOf(device, qdiscs), device) !== undefined;
  const foreign = ours ? undefined : foreignRoot(device, qdiscs);
  if (foreign === undefined) return;
  refuse(
    'ForeignQdisc',
    `${device} has the qdisc ${foreign.kind} ${foreign.handle}, which somebody else set up, and no fault is put in its place or beside it; remove it (tc qdisc del dev ${device} root), or choose another device or target`,
  );
}

const isOurs = (fields: { family?: string; table?: string; name?: string }, instance: string): boolean =>
  ['inet', 'netdev'].includes(fields.family ?? '') && fields.table === tableName(instance);

/**
 * A chain in a device's egress hook runs after every postrouting chain and could undo what the gate decided. nft 1.0.6 does not say which device
 * a chain is at: then it counts for each.
 */
function checkEgressHook(device: string, objects: readonly NftObject[], instance: string): void {
  const after = fieldsOf(objects, 'chain').find(
    (chain) =>
      chain.family === 'netdev' &&
      chain.hook === 'egress' &&
      !isOurs(chain, instance) &&
      (chain.dev === undefined || [chain.dev].flat().includes(device)),
  );
  if (after === undefined) return;
  refuse(
    'ForeignChainAfterOurs',
    `the chain ${String(after.name)} of table netdev ${String(after.table)} sees packets on ${device} after our gate and could send them elsewhere; remove it for the time of the fault`,
  );
}

/**
 * By device. One that has faults keeps its way, since packets may wait there. Another gets a device of ours, unless somebody's filters would then
 * not see what passes it; where the driver leaves no choice, that is refused.
 */
function egressWays(
  works: readonly FaultWork[],
  { entry, driver, egress, observation: { qdiscs } }: Pick<PreparationFacts, 'entry' | 'driver' | 'egress' | 'observation'>,
): Record<string, EgressWay> {
  const chosen = (device: string): EgressWay =>
    driver === 'htb' || (egress === 'own-device' && !hasFilters(device, qdiscs)) ? 'own-device' : 'own-root';
  // An agent of an earlier version wrote none into its ledger, whose faults are being swept.
  const ways: Partial<TargetPlan['egress']> = entry?.plan.egress ?? {};
  const outgoing = works.filter(({ direction }) => direction !== 'ingress');
  return Object.fromEntries(outgoing.map(({ device }) => [device, ways[device] ?? chosen(device)]));
}

/** Whether what goes out passes a device of ours. */
function passesDevice({ device, direction, effect }: FaultWork, egress: Record<string, EgressWay>): boolean {
  return direction !== 'ingress' && (egress[device] === 'own-device' || effect.type === 'duplicate');
}

/** What has passed a device of ours on its way out is not shown to tc's filters any more: a drop of somebody else's would be none. */
function checkForeignFilters(work: FaultWork, egress: Record<string, EgressWay>, qdiscs: readonly TcQdisc[]): void {
  const { device } = work;
  if (!passesDevice(work, egress) || !hasFilters(device, qdiscs)) return;
  refuse(
    'ForeignFilters',
    `${device} has the qdisc clsact, whose filters would not see packets that pass a device of ours on their way out; remove it (tc qdisc del dev ${device} clsact), or choose direction ingress`,
  );
}

/** Hooks of chains that ours must come after, by the families that can have them. */
const hooks = {
  postrouting: { hooks: ['postrouting'], families: ['inet', 'ip', 'ip6'] },
  device: { hooks: ['ingress', 'egress'], families: ['netdev', 'inet'] },
} as const;

/** One above the last of the others; a chain of ours that exists keeps its priority, which the kernel cannot change. */
function decidePriority(objects: readonly NftObject[], instance: string, where: keyof typeof hooks): number {
  const here: { hooks: readonly string[]; families: readonly string[] } = hooks[where];
  const chains = fieldsOf(objects, 'chain').filter(
    ({ family = '', hook = '' }) => here.hooks.includes(hook) && here.families.includes(family),
  );
  const others = chains.filter((chain) => !isOurs(chain, instance));
  const ours = chains.find((chain) => isOurs(chain, instance))?.prio;
  const last = others.reduce((highest, { prio = 0 }) => Math.max(highest, prio), leastGatePriority - 1);
  const wanted = ours ?? last + 1;
  if (wanted > last && wanted <= mostPriority) return wanted;
  const blocking = others.find(({ prio }) => prio === last);
  const { family, table, name, hook } = blocking ?? {};
  return refuse(
    'ForeignChainAfterOurs',
    `the ${String(hook)} chain ${String(name)} of table ${String(family)} ${String(table)} has priority ${String(last)}, and ours cannot come after it; end the running faults of this target, or remove that chain`,
  );
}
