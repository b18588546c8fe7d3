import {
  type Experiment,
  type HypothesisEntry,
  type KubeObject,
  nodeLabel,
  type NodeTaskSpec,
  type NodeTaskTarget,
  type PreflightCheck,
  type ProbeStream,
  runUidLabel,
  type Shaper,
  systemNamespace,
  workLabel,
  type ConnectivityTest,
  apiVersion,
} from '../api/index.ts';
import { type Plan, selectTargets } from '../experiment/index.ts';
import { requirements } from '../faults/index.ts';
import { formatInstant } from '../lib/index.ts';
import { dosePeersOf, exposureOf } from './exposure.ts';
import { resolveDestinations, resolvePeers } from './resolve.ts';
import { addressesOfPod, isIpv6, type Pod, type World } from './world.ts';

/** A hypothesis entry whose test is known, whether it was inline or a reference. */
export type PlannedEntry = HypothesisEntry & { connectivity: ConnectivityTest };

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
};

export type RunTarget = { uid: string; namespace: string; name: string; node: string };

export type PlannedRun = {
  kind: 'planned';
  plan: Plan;
  targets: RunTarget[];
  /** Specs of the tasks by the name that each will have; orders and end are set when they are written. */
  tasks: { preflight: TaskPlan[]; probe: TaskPlan[]; fault: TaskPlan[] };
};
export type Refusal = { kind: 'refused'; reason: string; message: string };
export type TaskPlan = { name: string; spec: NodeTaskSpec };

/** The most that a last probe takes to be answered, aggregated and written, on top of its time-out. */
const reportMs = 2500;

/** Turns a request and the world into everything that the run needs, or refuses it; nothing is ever widened. Pure. */
export function planRun(request: RunRequest, world: World, now: number): PlannedRun | Refusal {
  const running = world.pods.filter(({ status, spec }) => status?.phase === 'Running' && spec.nodeName !== undefined);
  const sources = resolveSources(request.entries, running);
  if ('reason' in sources) return sources;
  const streams = planStreams(request.entries, sources.pods, world);
  const parts = (request.shaper?.parts ?? []).map((part) => ({
    part,
    pods: selectTargets(part.targets, running.map(candidate), request.seed),
  }));
  const empty = parts.find(({ pods }) => pods.length === 0);
  if (empty) {
    const message = `no running pod is selected by ${JSON.stringify(empty.part.targets)}`;
    return { kind: 'refused', reason: 'NoTarget', message };
  }
  const targetPods = unique(parts.flatMap(({ pods }) => pods.map(({ pod }) => pod)));
  const plan = machinePlan(request);
  const notAfter = formatInstant(now + latestEnd(plan));
  const lease = { name: leaseName(request.uid), seconds: request.shaper?.leaseSeconds ?? 30 };
  const base = {
    run: { uid: request.uid, namespace: request.namespace, name: request.name },
    instance: request.instance,
    generation: 1,
    order: 'apply' as const,
    lease,
    notAfter,
  };
  const fault = parts.flatMap(({ part, pods }, index) =>
    byNode(pods.map(({ pod }) => pod)).map(([node, nodePods]): TaskPlan => {
      const peers = resolvePeers(part.peers, world);
      return {
        name: taskName(request.uid, `fault-${String(index)}`, node),
        spec: {
          ...base,
          node,
          work: 'fault',
          targets: nodePods.map(taskTarget),
          fault: {
            id: faultId(request.uid, index),
            device: part.device,
            direction: 'egress',
            effect: part.fault,
            peers,
            excluded: nodeAddresses(node, nodePods, world),
            dosePeers: dosePeersOf(nodePods, targetPods, peers, streams, running),
            exposure: exposureOf(nodePods, streams, running),
          },
        },
      };
    }),
  );
  const probe = byNode(sources.pods).map(([node, nodePods]): TaskPlan => {
    const here = new Set(nodePods.map(({ metadata }) => metadata.uid));
    const spec = { ...base, node, work: 'probe' as const, targets: nodePods.map(taskTarget) };
    return {
      name: taskName(request.uid, 'probe', node),
      spec: { ...spec, probe: { streams: streams.filter(({ podUid }) => here.has(podUid)) } },
    };
  });
  const preflight = byNode(unique([...targetPods, ...sources.pods])).map(([node, nodePods]): TaskPlan => {
    const checks = checksFor(nodePods, parts, streams);
    return {
      name: taskName(request.uid, 'preflight', node),
      spec: { ...base, node, work: 'preflight', targets: nodePods.map(taskTarget), checks },
    };
  });
  return { kind: 'planned', plan, targets: targetPods.map(runTarget), tasks: { preflight, probe, fault } };
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
    limits: { preflightMs: 30_000, probeStartMs: 30_000, injectMs: 60_000, undoMs: leaseMs + 60_000 },
  };
}

export function taskObject({ name, spec }: TaskPlan): KubeObject<NodeTaskSpec> {
  const labels = { [nodeLabel]: spec.node, [runUidLabel]: spec.run.uid, [workLabel]: spec.work };
  return { apiVersion, kind: 'NodeTask', metadata: { name, namespace: systemNamespace, labels }, spec };
}

export function leaseName(runUid: string): string {
  return `run-${runUid}`;
}

function latestEnd({ beforeMs, durationMs, afterMs, settleMs, limits }: Plan): number {
  const work = beforeMs + durationMs + afterMs + 2 * settleMs;
  return work + limits.preflightMs + limits.probeStartMs + limits.injectMs + limits.undoMs;
}

function resolveSources(entries: readonly PlannedEntry[], running: readonly Pod[]): { pods: Pod[] } | Refusal {
  const pods: Pod[] = [];
  for (const { name, connectivity } of entries) {
    const { source } = connectivity;
    const pod = running.find(({ metadata }) => metadata.namespace === source.namespace && metadata.name === source.name);
    if (!pod) {
      const message = `hypothesis '${name}': the source pod ${source.namespace}/${source.name ?? ''} is not running`;
      return { kind: 'refused', reason: 'SourceNotRunning', message };
    }
    pods.push(pod);
  }
  return { pods: unique(pods) };
}

function planStreams(entries: readonly PlannedEntry[], sources: readonly Pod[], world: World): ProbeStream[] {
  return entries.flatMap(({ name, connectivity }) => {
    const { source, layer, periodMs, timeoutMs } = connectivity;
    const pod = sources.find(({ metadata }) => metadata.namespace === source.namespace && metadata.name === source.name);
    const families = new Set((pod ? addressesOfPod(pod) : []).map(isIpv6));
    return resolveDestinations(connectivity, world)
      .filter(({ address }) => families.size === 0 || families.has(isIpv6(address)))
      .map((destination): ProbeStream => {
        const where =
          destination.port === undefined ? destination.address : `${destination.address} port ${String(destination.port)}`;
        return {
          id: `${name}: ${destination.name} (${where})`,
          hypothesis: name,
          podUid: pod?.metadata.uid ?? '',
          protocol: layer === 3 ? 'icmp' : 'tcp',
          address: destination.address,
          ...(destination.port === undefined ? {} : { port: destination.port }),
          periodMs,
          timeoutMs,
        };
      });
  });
}

type Part = { part: Shaper['parts'][number]; pods: { pod: Pod }[] };

function checksFor(nodePods: readonly Pod[], parts: readonly Part[], streams: readonly ProbeStream[]): PreflightCheck[] {
  const here = new Set(nodePods.map(({ metadata }) => metadata.uid));
  const checks = parts.flatMap(({ part, pods }): PreflightCheck[] => {
    const hurt = pods.flatMap(({ pod: { metadata } }) =>
      metadata.uid !== undefined && here.has(metadata.uid) ? [metadata.uid] : [],
    );
    if (hurt.length === 0) return [];
    return [...requirements(part.fault), ...hurt.map((podUid) => ({ check: 'device' as const, podUid, device: part.device }))];
  });
  const pings = parts.length > 0 || streams.some(({ protocol, podUid }) => protocol === 'icmp' && here.has(podUid));
  if (pings) checks.push({ check: 'tool', tool: 'fping' });
  return [...new Map(checks.map((check) => [JSON.stringify(check), check])).values()];
}

function nodeAddresses(node: string, pods: readonly Pod[], { nodes }: World): string[] {
  const ofNode = nodes.find(({ metadata }) => metadata.name === node)?.status?.addresses?.map(({ address }) => address) ?? [];
  const ofPods = pods.flatMap(({ status }) => [status?.hostIP, ...(status?.hostIPs ?? []).map(({ ip }) => ip)]);
  return [...new Set([...ofNode, ...ofPods])].filter(
    (address): address is string => address !== undefined && /^[0-9a-f.:]+$/i.test(address),
  );
}

function candidate(pod: Pod): { pod: Pod; namespace: string; name: string; uid: string; labels?: Record<string, string> } {
  const { namespace = '', name, uid = '', labels } = pod.metadata;
  return { pod, namespace, name, uid, ...(labels ? { labels } : {}) };
}

function taskTarget(pod: Pod): NodeTaskTarget {
  const { uid = '', namespace = '', name } = pod.metadata;
  return { podUid: uid, namespace, name, ips: addressesOfPod(pod) };
}

function runTarget(pod: Pod): RunTarget {
  const { uid = '', namespace = '', name } = pod.metadata;
  return { uid, namespace, name, node: pod.spec.nodeName ?? '' };
}

function byNode(pods: readonly Pod[]): [node: string, pods: Pod[]][] {
  return [...Map.groupBy(pods, ({ spec }) => spec.nodeName ?? '')];
}

function unique(pods: readonly Pod[]): Pod[] {
  return [...new Map(pods.map((pod) => [pod.metadata.uid, pod])).values()];
}

function taskName(runUid: string, work: string, node: string): string {
  return `${runUid}-${work}-${node}`.toLowerCase();
}

/** At most 32 characters: it names a set in the kernel. */
function faultId(runUid: string, part: number): string {
  return `f${runUid.replaceAll('-', '').slice(0, 24)}p${String(part)}`;
}
