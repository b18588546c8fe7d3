/** Decides whether a fault can join a target, and what the target's program then is. Reads nothing and runs nothing. */
import type { FaultWork } from '../../api/index.ts';
import {
  checkDevice,
  fieldsOf,
  type NftObject,
  planTarget,
  readGate,
  readTree,
  tableName,
  type TargetPlan,
  type TcQdisc,
} from '../../faults/index.ts';
import { SquallError } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { LedgerEntry } from './ledger.ts';
import type { IpLink, Observation } from './programs.ts';

export type PreparationFacts = {
  instance: string;
  bootId: string;
  namespace: Namespace;
  work: FaultWork;
  observation: Observation;
  /** What the ledger holds of this namespace. */
  entry: LedgerEntry | undefined;
};

/** Qdiscs that sit beside a root and do not take its place. */
const besideRoot = ['clsact', 'ingress'];
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
  if (entry === undefined && readGate(observation.objects, instance) !== undefined) {
    refuse(
      'LeftOver',
      `table inet ${tableName(instance)} is here, but the ledger knows nothing of it; restart the agent, which sweeps`,
    );
  }
  checkDevicePresent(work.device, observation.links);
  checkRoot(work.device, observation.qdiscs, entry);
  checkEgressHook(work.device, observation.objects);
  const works = before === undefined ? [...(entry?.works ?? []), work] : (entry?.works ?? []);
  const gatePriority = decidePriority(observation.objects, instance);
  const plan = planWorks({ instance, namespace, works, links: observation.links, gatePriority, before: entry });
  return {
    version: 1,
    instance,
    bootId,
    namespace,
    snapshot: entry?.snapshot ?? observation,
    works,
    plan,
    carried: entry?.carried ?? {},
  };
}

type PlanFacts = {
  instance: string;
  namespace: Namespace;
  works: readonly FaultWork[];
  links: readonly IpLink[];
  gatePriority: number;
  /** What the ledger says: bands are kept. */
  before: LedgerEntry | undefined;
};

/** A device that has vanished took its tree along; the plan has none for it, and keeps the gate of its faults until they are undone. */
export function planWorks({ instance, namespace, works, links, gatePriority, before }: PlanFacts): TargetPlan {
  const plan = planTarget({
    instance,
    podUid: namespace.podUid,
    faults: works.map((work) => ({ work })),
    bands: before?.plan.bands ?? {},
    mtu: Object.fromEntries([...(before?.snapshot.links ?? []), ...links].map(({ ifname, mtu }) => [ifname, mtu])),
    gatePriority,
  });
  return { ...plan, trees: plan.trees.filter(({ device }) => links.some(({ ifname }) => ifname === device)) };
}

function checkDevicePresent(device: string, links: readonly IpLink[]): void {
  checkDevice(device);
  if (links.some(({ ifname }) => ifname === device)) return;
  const names = links.map(({ ifname }) => ifname).join(', ');
  refuse('DeviceMissing', `there is no device '${device}' in the target; it has ${names}; correct fault.device`);
}

/** Handle `0:` says that the kernel made the qdisc by itself: replacing it and deleting ours brings back exactly that one. */
function checkRoot(device: string, qdiscs: readonly TcQdisc[], entry: LedgerEntry | undefined): void {
  const present = qdiscs.filter(({ dev, kind }) => dev === device && !besideRoot.includes(kind));
  const ours = entry?.plan.trees.some((tree) => tree.device === device) === true && readTree(present, device) !== undefined;
  const foreign = ours ? undefined : present.find(({ handle }) => handle !== '0:');
  if (foreign === undefined) return;
  refuse(
    'ForeignQdisc',
    `${device} has the qdisc ${foreign.kind} ${foreign.handle}, which somebody else set up and which could not be put back exactly; remove it (tc qdisc del dev ${device} root), or choose another device or target`,
  );
}

const isOurs = (fields: { family?: string; table?: string }, instance: string): boolean =>
  fields.family === 'inet' && fields.table === tableName(instance);

/** A chain in a device's egress hook runs after every postrouting chain and could undo what the gate decided. */
function checkEgressHook(device: string, objects: readonly NftObject[]): void {
  const after = fieldsOf(objects, 'chain').find(
    ({ family, hook, dev }) => family === 'netdev' && hook === 'egress' && [dev].flat().includes(device),
  );
  if (after === undefined) return;
  refuse(
    'ForeignChainAfterOurs',
    `the chain ${String(after.name)} of table netdev ${String(after.table)} sees packets on ${device} after our gate and could send them elsewhere; remove it for the time of the fault`,
  );
}

/** One above the last of the others; a chain of ours that exists keeps its priority, which the kernel cannot change. */
function decidePriority(objects: readonly NftObject[], instance: string): number {
  const postrouting = fieldsOf(objects, 'chain').filter(
    ({ family = '', hook }) => hook === 'postrouting' && ['inet', 'ip', 'ip6'].includes(family),
  );
  const others = postrouting.filter((chain) => !isOurs(chain, instance));
  const ours = postrouting.find((chain) => isOurs(chain, instance))?.prio;
  const last = others.reduce((highest, { prio = 0 }) => Math.max(highest, prio), leastGatePriority - 1);
  const wanted = ours ?? last + 1;
  if (wanted > last && wanted <= mostPriority) return wanted;
  const blocking = others.find(({ prio }) => prio === last);
  return refuse(
    'ForeignChainAfterOurs',
    `the postrouting chain ${String(blocking?.name)} of table ${String(blocking?.family)} ${String(blocking?.table)} has priority ${String(last)}, and ours cannot come after it; end the running faults of this target, or remove that chain`,
  );
}
