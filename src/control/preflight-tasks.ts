/** The tasks by which nodes are asked whether they can do their part of a run. Pure. */
import type { FaultWork, ModulesValidator, PreflightCheck, ProbeStream } from '../api/index.ts';
import { requirements } from '../faults/index.ts';
import { checksOfValidator, distinctChecks } from '../preflight/index.ts';
import { checksOfTargets } from './checks-of-targets.ts';
import { distinctEffects, momentsOf } from './distinct-effects.ts';
import { byNode, type SelectedPart, type TaskBase, taskName, type TaskPlan, taskTarget } from './task-plan.ts';
import type { Pod } from './world.ts';

/** What each node is asked before anything is touched: by the fault, by what its targets are, and by the gates of the experiment. */
export function preflightTasks(
  base: TaskBase,
  pods: readonly Pod[],
  parts: readonly SelectedPart[],
  streams: readonly ProbeStream[],
  faults: readonly TaskPlan[],
  { activeMs, gates }: { activeMs: number; gates: readonly ModulesValidator[] },
): TaskPlan[] {
  const faultsOn = Map.groupBy(faults, ({ spec }) => spec.node);
  const podsOn = parts.map((one) => Map.groupBy(one.pods, ({ spec }) => spec.nodeName ?? ''));
  return byNode(pods).map(([node, here]): TaskPlan => {
    const partsHere = parts.map(({ part }, index) => ({ part, pods: podsOn[index]?.get(node) ?? [] }));
    const podUids = here.map(({ metadata: { uid = '' } }) => uid);
    const checks = distinctChecks([
      ...checksFor(here, partsHere, streams),
      ...(faultsOn.get(node) ?? []).flatMap((task) => checksOfFault(task, here, activeMs)),
      ...gates.flatMap((gate) => checksOfValidator(gate, podUids)),
    ]);
    return {
      name: taskName(base.run.uid, 'preflight', node),
      spec: { ...base, node, work: 'preflight', targets: here.map(taskTarget), checks },
    };
  });
}

function checksFor(here: readonly Pod[], parts: readonly SelectedPart[], streams: readonly ProbeStream[]): PreflightCheck[] {
  const uids = new Set(here.map(({ metadata }) => metadata.uid));
  const checks = parts.flatMap(({ part, pods }): PreflightCheck[] => {
    const hurt = pods.flatMap(({ metadata: { uid } }) => (uid !== undefined && uids.has(uid) ? [uid] : []));
    if (hurt.length === 0) return [];
    const { device, direction } = part;
    const isThere = hurt.map((podUid) => ({
      check: 'device' as const,
      podUid,
      device,
      ...(direction === 'egress' ? {} : { direction }),
    }));
    // A node's agent of an earlier version knows no such check, and refuses: it would hurt more than is asked for.
    const narrows = part.protocol !== undefined || [part.ports, part.except, part.include].some((list) => list.length > 0);
    const tells = narrows || part.peers.some(({ ports }) => ports !== undefined);
    const matching = { check: 'capability' as const, capability: 'nft-match-traffic' as const };
    const needs = distinctEffects(part).flatMap((effect) => requirements(effect, direction));
    return [...needs, ...(tells ? [matching] : []), ...isThere];
  });
  const pings = parts.length > 0 || streams.some(({ protocol, podUid }) => protocol === 'icmp' && uids.has(podUid));
  if (pings) checks.push({ check: 'tool', tool: 'fping' });
  return checks;
}

/** What the node is asked about a fault as it is going to be ordered. */
function checksOfFault({ spec: { fault, targets, lease } }: TaskPlan, here: readonly Pod[], activeMs: number): PreflightCheck[] {
  if (fault === undefined) return [];
  const podUids = targets.map(({ podUid }) => podUid);
  const pods = here.filter(({ metadata: { uid = '' } }) => podUids.includes(uid));
  return [
    // The first look at targets comes first: what is sent until the composition is tried tells their rate.
    ...checksOfTargets(fault, pods, activeMs),
    { check: 'lease', seconds: lease.seconds, targets: targets.length },
    ...hostChecks(fault, podUids),
    ...momentsOf({ ...fault, exposure: [] }).map((one) => ({ check: 'composition' as const, podUids, fault: one })),
  ];
}

/** An agent of an earlier version knows no such check, and refuses: it would know nothing of the names. */
function hostChecks({ hosts }: FaultWork, podUids: string[]): PreflightCheck[] {
  if (hosts === undefined) return [];
  const names = new Set([...hosts.peers.map(({ host }) => host), ...hosts.except]);
  return [{ check: 'hosts', podUids, hosts: [...names] }];
}
