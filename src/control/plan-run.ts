import type {
  Experiment,
  FaultWork,
  ModulesValidator,
  NodeTaskSpec,
  Peer,
  PreflightCheck,
  ProbeStream,
  Shaper,
} from '../api/index.ts';
import { type Plan, selectTargets } from '../experiment/index.ts';
import { requirements } from '../faults/index.ts';
import { formatInstant, SquallError } from '../lib/index.ts';
import { checksOfValidator, distinctChecks } from '../preflight/index.ts';
import { describeExcess } from './blast-radius.ts';
import { distinctEffects, momentsOf } from './distinct-effects.ts';
import { dosePeersOf, exposureOf } from './exposure.ts';
import { type PlannedEntry, planStreams, resolveSources } from './plan-probes.ts';
import { hostNamesOf, resolvePeers, resolvePlaces } from './resolve.ts';
import { describeObjections, objectionsTo, type TargetRules } from './target-checks.ts';
import { byNode, faultId, leaseName, taskName, type TaskPlan, taskTarget } from './task-plan.ts';
import { nodeAddresses, type Pod, unique, type World } from './world.ts';

/** A run as it was asked for, with every reference replaced by what it refers to. */
export type RunRequest = {
  uid: string;
  namespace: string;
  name: string;
  instance: string;
  seed: string;
  experiment: Experiment;
  shaper?: Shaper;
  entries: PlannedEntry[];
  /** What every node that takes part must have before anything is touched. @default nothing more than the fault needs */
  gates?: ModulesValidator[];
};

export type RunTarget = { uid: string; namespace: string; name: string; node: string };

/** The run's tasks by work; for most runs one a node and work, since a shaper has one configuration. */
export type ExpectedTasks = { preflight: TaskPlan[]; probe: TaskPlan[]; fault: TaskPlan[] };

export type PlannedRun = { kind: 'planned'; plan: Plan; targets: RunTarget[]; tasks: ExpectedTasks };
export type Refusal = { kind: 'refused'; reason: string; message: string };

/** One configuration of the shaper and the pods that it is going to hurt. */
type SelectedPart = { part: Shaper['parts'][number]; pods: Pod[] };

/** What all tasks of a run share. */
type TaskBase = Pick<NodeTaskSpec, 'run' | 'instance' | 'generation' | 'order' | 'lease' | 'notAfter'>;

/** The most that a last probe takes to be answered, aggregated and written, on top of its time-out. */
const reportMs = 2500;
const dnsPort = 53;
/** Every task names a Lease; without a fault nobody looks at it. */
const leaseSecondsWithoutFault = 30;

/** Turns a request and the world into everything that the run needs, or refuses it; nothing is ever widened. Pure. */
export function planRun(request: RunRequest, world: World, now: number, rules: TargetRules = {}): PlannedRun | Refusal {
  const running = world.pods.filter(({ status, spec }) => status?.phase === 'Running' && spec.nodeName !== undefined);
  const sources = resolveSources(request.entries, running);
  if ('message' in sources) return { kind: 'refused', reason: 'SourceNotRunning', message: sources.message };
  const parts = (request.shaper?.parts ?? []).map((part) => ({ part, pods: select(part, running, request.seed) }));
  const empty = parts.find(({ pods }) => pods.length === 0);
  if (empty) {
    const message = `no running pod is selected by ${JSON.stringify(empty.part.targets)}`;
    return { kind: 'refused', reason: 'NoTarget', message };
  }
  const hurt = unique(parts.flatMap(({ pods }) => pods));
  const unsafe = refuseUnsafe(request.experiment, hurt, running, world, { ...rules, now });
  if (unsafe !== undefined) return unsafe;
  const plan = machinePlan(request);
  const streams = planStreams(request.entries, sources.pods, world);
  const base = taskBase(request, plan, now);
  const fault = faultTasks(base, parts, streams, world, running);
  const tasks = {
    preflight: preflightTasks(base, unique([...hurt, ...sources.pods]), parts, streams, fault, request.gates ?? []),
    probe: probeTasks(base, sources.pods, streams),
    fault,
  };
  return { kind: 'planned', plan, targets: hurt.map(runTarget), tasks };
}

/** Whom nobody may hurt, and how much one run may hurt. */
function refuseUnsafe(
  { blastRadius = {} }: Experiment,
  hurt: readonly Pod[],
  running: readonly Pod[],
  world: World,
  { ceilings = {}, ...rules }: TargetRules & { now: number },
): Refusal | undefined {
  const ages = [
    { minAgeMs: ceilings.minAgeMs ?? 0, who: 'the ceilings of this place' },
    { minAgeMs: blastRadius.minAgeMs ?? 0, who: 'blastRadius.minAge' },
  ];
  const forbidden = describeObjections(objectionsTo(hurt, world, { ...rules, ages }));
  if (forbidden !== undefined) return { kind: 'refused', reason: 'TargetNotAllowed', message: forbidden };
  const excess = describeExcess(hurt, running, [
    { limits: ceilings, from: 'ceilings', remedy: 'no experiment can lift what whoever runs Squall here allows; select fewer' },
    { limits: blastRadius, from: 'blastRadius', remedy: 'select fewer (mode, value), or raise the limit' },
  ]);
  return excess === undefined ? undefined : { kind: 'refused', reason: 'BlastRadiusExceeded', message: excess };
}

/** What the machine needs of a run; also all that is left of the plan after a restart. */
export function machinePlan({ experiment, shaper, entries }: Pick<RunRequest, 'experiment' | 'shaper' | 'entries'>): Plan {
  const leaseMs = (shaper?.leaseSeconds ?? 0) * 1000;
  return {
    hasFault: shaper !== undefined,
    beforeMs: experiment.beforeMs,
    durationMs: experiment.durationMs,
    afterMs: experiment.afterMs,
    hypothesis: entries,
    abort: experiment.abort,
    settleMs: entries.length === 0 ? 0 : Math.max(...entries.map(({ connectivity }) => connectivity.timeoutMs)) + reportMs,
    limits: { preflightMs: 60_000, probeStartMs: 60_000, injectMs: 120_000, undoMs: leaseMs + 120_000 },
  };
}

function select(part: SelectedPart['part'], running: readonly Pod[], seed: string): Pod[] {
  const candidates = running.map((pod) => {
    const { namespace = '', name, uid = '', labels } = pod.metadata;
    return { pod, namespace, name, uid, ...(labels ? { labels } : {}) };
  });
  return selectTargets(part.targets, candidates, seed).map(({ pod }) => pod);
}

function taskBase({ uid, namespace, name, instance, shaper }: RunRequest, plan: Plan, now: number): TaskBase {
  const { beforeMs, durationMs, afterMs, settleMs, limits } = plan;
  const latestEnd =
    beforeMs + durationMs + afterMs + 2 * settleMs + limits.preflightMs + limits.probeStartMs + limits.injectMs + limits.undoMs;
  return {
    run: { uid, namespace, name },
    instance,
    generation: 1,
    order: 'apply',
    lease: { name: leaseName(uid), seconds: shaper?.leaseSeconds ?? leaseSecondsWithoutFault },
    notAfter: formatInstant(now + latestEnd),
  };
}

function faultTasks(
  base: TaskBase,
  parts: readonly SelectedPart[],
  streams: readonly ProbeStream[],
  world: World,
  running: readonly Pod[],
): TaskPlan[] {
  const hurt = parts.flatMap(({ pods }) => pods);
  return parts.flatMap(({ part, pods }, index) => {
    refuseSparedPeers(part, pods, world);
    const peers = resolvePeers(part.peers, world);
    const hosts = hostNamesOf(part.peers, part.except);
    const narrowing = {
      ...(part.protocol === undefined ? {} : { protocol: part.protocol }),
      ...(part.ports.length === 0 ? {} : { ports: part.ports }),
      ...(part.except.length === 0 ? {} : { except: resolvePlaces(part.except, world) }),
      ...(part.include.length === 0 ? {} : { include: part.include }),
    };
    const timing = {
      ...(part.steps.length === 0 ? {} : { steps: part.steps.map(({ atMs, fault }) => ({ atMs, effect: fault })) }),
      ...(part.pulse === undefined ? {} : { pulse: part.pulse }),
    };
    return byNode(pods).map(([node, here]): TaskPlan => {
      const fault = {
        id: faultId(base.run.uid, index),
        device: part.device,
        direction: part.direction,
        effect: part.fault,
        ...timing,
        peers,
        ...narrowing,
        ...(hosts === undefined ? {} : { hosts }),
        excluded: [
          ...(part.include.includes('node') ? [] : nodeAddresses(node, here, world)),
          ...(part.include.includes('apiserver') ? [] : world.apiServer),
        ],
        dosePeers: dosePeersOf(here, hurt, { peers, ...narrowing }, streams, running),
        exposure: exposureOf(here, streams, running),
      };
      const name = taskName(base.run.uid, `fault-${index}`, node);
      return { name, spec: { ...base, node, work: 'fault', targets: here.map(taskTarget), fault } };
    });
  });
}

/**
 * What is named as a peer by itself, and is spared all the same, would not be hurt, and nobody would see why. Where a host name leads is not
 * known here: one that leads to what is spared is spared in the kernel.
 */
function refuseSparedPeers({ peers, include, protocol }: SelectedPart['part'], pods: readonly Pod[], world: World): void {
  const single = peers.filter(({ kind }) => kind === 'node' || kind === 'ip' || kind === 'service');
  const isAll = (peer: Peer, addresses: readonly string[]): boolean => {
    const { ipv4, ipv6 } = resolvePlaces([peer], world);
    const own = [...ipv4, ...ipv6];
    return own.length > 0 && own.every((address) => addresses.includes(address));
  };
  const server = single.find((peer) => world.apiServer.length > 0 && isAll(peer, world.apiServer));
  if (server !== undefined && !include.includes('apiserver')) {
    throw new SquallError(
      'InvalidInput',
      `peers: ${JSON.stringify(server)} is the API server, which is spared; write include: [apiserver], or name another peer`,
    );
  }
  for (const [node, here] of include.includes('node') ? [] : byNode(pods)) {
    const excluded = nodeAddresses(node, here, world);
    const spared = single.find((peer) => peer.kind !== 'service' && isAll(peer, excluded));
    if (spared === undefined) continue;
    throw new SquallError(
      'InvalidInput',
      `peers: ${JSON.stringify(spared)} is the node '${node}' that a target is on, and a target's own node is spared; write include: [node], or name another peer`,
    );
  }
  const isDns = peers.some(({ ports }) => ports?.first === dnsPort && ports.last === dnsPort) && protocol !== 'sctp';
  if (isDns && !include.includes('dns')) {
    throw new SquallError(
      'InvalidInput',
      `peers: port ${dnsPort} is that of name resolution, which is spared; write include: [dns], or name another port`,
    );
  }
}

function probeTasks(base: TaskBase, sources: readonly Pod[], streams: readonly ProbeStream[]): TaskPlan[] {
  return byNode(sources).map(([node, here]): TaskPlan => {
    const probe = { streams: streams.filter(({ podUid }) => here.some(({ metadata }) => metadata.uid === podUid)) };
    return {
      name: taskName(base.run.uid, 'probe', node),
      spec: { ...base, node, work: 'probe', targets: here.map(taskTarget), probe },
    };
  });
}

function preflightTasks(
  base: TaskBase,
  pods: readonly Pod[],
  parts: readonly SelectedPart[],
  streams: readonly ProbeStream[],
  faults: readonly TaskPlan[],
  gates: readonly ModulesValidator[],
): TaskPlan[] {
  return byNode(pods).map(([node, here]): TaskPlan => {
    const podUids = here.map(({ metadata: { uid = '' } }) => uid);
    const checks = distinctChecks([
      ...checksFor(here, parts, streams),
      ...faults.filter(({ spec }) => spec.node === node).flatMap(checksOfFault),
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
function checksOfFault({ spec: { fault, targets, lease } }: TaskPlan): PreflightCheck[] {
  if (fault === undefined) return [];
  const podUids = targets.map(({ podUid }) => podUid);
  return [
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

function runTarget({ metadata: { uid = '', namespace = '', name }, spec }: Pod): RunTarget {
  return { uid, namespace, name, node: spec.nodeName ?? '' };
}
