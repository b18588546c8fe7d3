/** What the kernel of each target would be told, as its agent plans it where nothing else is there. Pure. */
import type { Driver, FaultWork } from '../api/index.ts';
import { type EgressWay, planTarget, renderGate, renderTree, type TargetPlan } from '../faults/index.ts';
import type { ExpectedTasks } from './plan-run.ts';

/** Input for `tc -batch`, by lines, and for `nft -f`. Targets that are told the same share one. */
export type KernelProgram = { tree: string[]; gate: string };

/** What only the node knows, as it is on most of them. */
export type AssumedNode = { instance: string; driver: Driver; egress: EgressWay; mtu: number };

/** An instance of nobody: whoever applies the fault puts his own into the names of tables. */
export const assumedNode: AssumedNode = { instance: '00000000', driver: 'netem', egress: 'own-device', mtu: 1500 };
/** Of our chains, where nobody else has one. */
const gatePriority = 300;

/**
 * The programs of a run and, by uid of the pod, which of them it gets.
 * @throws SquallError InvalidInput, KernelRefused where the faults of a target cannot be in one kernel together
 */
export function programsOf(
  { fault }: Pick<ExpectedTasks, 'fault'>,
  node: AssumedNode = assumedNode,
): { programs: KernelProgram[]; indexOf: ReadonlyMap<string, number> } {
  const programs: KernelProgram[] = [];
  const known = new Map<string, number>();
  const indexOf = new Map<string, number>();
  const shared = new Map(fault.map(({ spec }) => [spec.fault, sharedText(spec.fault)]));
  for (const [podUid, works] of worksByPod(fault)) {
    const key = works.map((work) => (shared.get(work) ?? '') + ownText(work, podUid)).join('\n');
    const index = known.get(key) ?? programs.push(programOf(podUid, works, node)) - 1;
    known.set(key, index);
    indexOf.set(podUid, index);
  }
  return { programs, indexOf };
}

function worksByPod(tasks: ExpectedTasks['fault']): Map<string, FaultWork[]> {
  const works = new Map<string, FaultWork[]>();
  for (const { spec } of tasks) {
    const { fault } = spec;
    if (fault === undefined) continue;
    for (const { podUid } of spec.targets) works.set(podUid, [...(works.get(podUid) ?? []), fault]);
  }
  return works;
}

/** What a fault is for all targets of a node alike. */
function sharedText(work: FaultWork | undefined): string {
  return JSON.stringify({ ...work, dosePeers: {}, exposure: [] });
}

/** What it is besides for one of them. */
function ownText({ dosePeers, exposure }: FaultWork, podUid: string): string {
  const own = exposure.filter((rule) => rule.podUid === podUid).map(({ podUid: _, ...rule }) => rule);
  return JSON.stringify([dosePeers[podUid], own]);
}

/** As agents do it, one fault joins the target after the other: bands that are taken stay. */
function programOf(podUid: string, works: readonly FaultWork[], { instance, driver, egress, mtu }: AssumedNode): KernelProgram {
  const devices = new Set(works.map(({ device }) => device));
  const facts = {
    ...{ instance, podUid, driver, gatePriority, deviceGatePriority: gatePriority },
    egress: Object.fromEntries([...devices].map((device) => [device, egress])),
    mtu: Object.fromEntries([...devices].map((device) => [device, mtu])),
  };
  const plan = works.reduce<TargetPlan | undefined>(
    (before, _, index) => planTarget({ ...facts, works: works.slice(0, index + 1), bands: before?.bands ?? {} }),
    undefined,
  );
  return plan === undefined ? { tree: [], gate: '' } : { tree: plan.trees.flatMap(renderTree), gate: renderGate(plan.gate) };
}
