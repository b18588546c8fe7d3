import type { Experiment, ModulesValidator, Peer, ProbeStream, Shaper } from '../api/index.ts';
import { type Plan, selectTargets } from '../experiment/index.ts';
import { formatInstant, SquallError } from '../lib/index.ts';
import { dosePeersOf, exposureOf } from './exposure.ts';
import { type PlannedEntry, planStreams, resolveSources } from './plan-probes.ts';
import { preflightTasks } from './preflight-tasks.ts';
import { type Refusal, refuseUnsafe } from './refuse-unsafe.ts';
import { hostNamesOf, resolvePeers, resolvePlaces } from './resolve.ts';
import type { TargetRules } from './target-checks.ts';
import {
  byNode,
  faultId,
  leaseName,
  type SelectedPart,
  type TaskBase,
  taskName,
  type TaskPlan,
  taskTarget,
} from './task-plan.ts';
import { addressesOfPod, addressesOfService, nodeAddresses, type Pod, podsOfService, unique, type World } from './world.ts';

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

export type PlannedRun = {
  kind: 'planned';
  plan: Plan;
  targets: RunTarget[];
  /** Of the targets and of the services that lead to nothing else: by these their packets are known on the wire. */
  addresses: string[];
  tasks: ExpectedTasks;
};

/** The most that a last probe takes to be answered, aggregated and written, on top of its time-out. */
const reportMs = 2500;
/** Ports at which everything is spared, unless it is included. */
const sparedPorts = [
  { name: 'dns', port: 53, what: 'name resolution', protocols: ['tcp', 'udp'] },
  { name: 'sflow', port: 6343, what: 'sFlow on its way to a collector', protocols: ['udp'] },
] as const;
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
    preflight: preflightTasks(base, unique([...hurt, ...sources.pods]), parts, streams, fault, {
      activeMs: plan.durationMs,
      gates: request.gates ?? [],
    }),
    probe: probeTasks(base, sources.pods, streams),
    fault,
  };
  return { kind: 'planned', plan, targets: hurt.map(runTarget), addresses: addressesOnTheWire(hurt, world), tasks };
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
    skipsUnsupported: experiment.onUnsupported === 'skip',
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
    // Once for all nodes: it looks at every pod that there is.
    const dosePeers = dosePeersOf(pods, hurt, { peers, ...narrowing }, streams, running);
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
        dosePeers: Object.fromEntries(here.map(({ metadata: { uid = '' } }) => [uid, dosePeers[uid] ?? []])),
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
  for (const { name, port, what, protocols } of sparedPorts) {
    const isMeant = protocol === undefined || protocols.some((one) => one === protocol);
    const isNamed = peers.some(({ ports }) => ports?.first === port && ports.last === port);
    if (!isMeant || !isNamed || include.includes(name)) continue;
    throw new SquallError(
      'InvalidInput',
      `peers: port ${port} is that of ${what}, which is spared; write include: [${name}], or name another port`,
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

/** A request to a service that also leads to others may be theirs: it would be counted, and exempt, as a target's. */
function addressesOnTheWire(hurt: readonly Pod[], { services, pods }: World): string[] {
  const targets = new Set(hurt.map(({ metadata }) => metadata.uid));
  const leading = services.filter(
    (service) =>
      podsOfService(service, hurt).length > 0 && podsOfService(service, pods).every(({ metadata }) => targets.has(metadata.uid)),
  );
  return [...new Set([...hurt.flatMap(addressesOfPod), ...leading.flatMap(addressesOfService)])];
}

function runTarget({ metadata: { uid = '', namespace = '', name }, spec }: Pod): RunTarget {
  return { uid, namespace, name, node: spec.nodeName ?? '' };
}
