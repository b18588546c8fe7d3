/** What a run would do if it were started now, from its plan; nothing is written and no node is asked. */
import type { FaultWork, HostNames, Includable, Peers, PortRange, Pulse } from '../api/index.ts';
import { describeFault } from '../faults/index.ts';
import { codeOf, messageOf } from '../lib/index.ts';
import { type PlaceRules, planOrRefuse } from './plan-or-refuse.ts';
import type { PlannedRun, RunRequest } from './plan-run.ts';
import { readRunRequest, type SpecReader } from './run-request.ts';
import type { ExperimentObject } from './run-status.ts';
import { type KernelProgram, programsOf } from './preview-programs.ts';
import { costOf, type RunCost } from './preview-cost.ts';
import { type ObservedMonitor, type ServiceWays, type TrafficShare, trafficShares } from './traffic-share/share.ts';
import { addressesOfPod, addressesOfService, controllerOf, podsOfService, type World } from './world.ts';

export type RunPreview = PlannedPreview | RefusedPreview;

/** It would end as Refused. */
export type RefusedPreview = { namespace: string; name: string; refusal: { reason: string; message: string } };

export type PlannedPreview = {
  namespace: string;
  name: string;
  beforeMs: number;
  durationMs: number;
  afterMs: number;
  /** Of runs with a fault. */
  leaseSeconds?: number;
  seed: string;
  /** One for each pod and fault. */
  hurt: HurtPod[];
  /** What the kernels of targets would be told; `program` of a pod says which. */
  programs: KernelProgram[];
  probes: PreviewedProbe[];
  cost: RunCost;
  /** How much of what monitors of its namespace see would be touched; absent: without fault, or without monitor. */
  traffic?: TrafficShare[];
};

export type HurtPod = {
  namespace: string;
  name: string;
  node: string;
  labels: Record<string, string>;
  /** Who makes it anew when it goes; absent: nobody. */
  owner?: { kind: string; name: string };
  device: string;
  /** Index in `programs`: what its kernel would be told of all faults of the run on it. */
  program: number;
  /** From the beginning. */
  fault: string;
  /** What it becomes, so long after it became active; absent: nothing else. */
  steps?: { atMs: number; fault: string }[];
  /** It acts and rests in turns; absent: it acts all the time. */
  pulse?: Pulse;
  /** Where the packets go that are hurt: addresses, CIDRs and host names, with `port 80` or `port 80-90` behind those that are named at ports; or `all`. */
  peers: 'all' | string[];
  /** Addresses and host names that are not hurt, besides name resolution, sFlow and neighbour discovery. */
  spared: string[];
  /** What is else spared, and is hurt here. */
  include: Includable[];
};

export type PreviewedProbe = {
  hypothesis: string;
  /** namespace/name of the pod that probes. */
  source: string;
  protocol: 'icmp' | 'tcp';
  address: string;
  port?: number;
};

export type PreviewFacts = {
  world: World;
  /** Milliseconds since 1970. */
  now: number;
  /** Taken where the experiment names none; the run itself will draw another. */
  drawnSeed: string;
  /** Of the place where it would run. @default none */
  rules?: PlaceRules;
  /** Of the experiment's namespace. @default none */
  monitors?: readonly ObservedMonitor[];
};

/** Rejects only when what the experiment refers to cannot be asked for. */
export async function previewRun(reader: SpecReader, object: ExperimentObject, facts: PreviewFacts): Promise<RunPreview> {
  const { namespace = 'default', name } = object.metadata;
  const refused = (reason: string, message: string) => ({ namespace, name, refusal: { reason, message } });
  let request: RunRequest;
  try {
    request = await readRunRequest(reader, object, '', facts.drawnSeed);
  } catch (error) {
    if (!['InvalidInput', 'NotFound', 'NotImplemented'].includes(codeOf(error))) throw error;
    return refused(codeOf(error), messageOf(error));
  }
  // A run of the same name would be replaced by it.
  const activeRuns = facts.world.activeRuns.filter((run) => run.namespace !== namespace || run.name !== name);
  const planned = planOrRefuse(request, { ...facts.world, activeRuns }, facts.now, facts.rules);
  if (planned.kind !== 'planned') return refused(planned.reason, planned.message);
  let told: ReturnType<typeof programsOf>;
  try {
    told = programsOf(planned.tasks);
  } catch (error) {
    if (!['InvalidInput', 'KernelRefused'].includes(codeOf(error))) throw error;
    return refused('PreflightRefused', messageOf(error));
  }
  const { seed, experiment, shaper } = request;
  const { beforeMs, durationMs, afterMs } = experiment;
  return {
    ...{ namespace, name, beforeMs, durationMs, afterMs, seed },
    ...(shaper === undefined ? {} : { leaseSeconds: shaper.leaseSeconds }),
    hurt: hurtBy(planned, facts.world, told.indexOf),
    programs: told.programs,
    probes: probesOf(planned),
    cost: costOf(planned.tasks),
    ...trafficOf(planned, facts),
  };
}

function trafficOf(
  { tasks, targets: hurt }: PlannedRun,
  { monitors = [], now, world }: PreviewFacts,
): Pick<PlannedPreview, 'traffic'> {
  const faults = tasks.fault.flatMap(({ spec: { fault, targets } }) =>
    fault === undefined ? [] : { fault, addresses: targets.flatMap(({ ips }) => ips) },
  );
  if (faults.length === 0 || monitors.length === 0) return {};
  return { traffic: trafficShares(monitors, faults, now, waysTo(new Set(hurt.map(({ uid }) => uid)), world)) };
}

/** The services that lead to these pods. */
function waysTo(uids: ReadonlySet<string>, { services, pods }: World): ServiceWays[] {
  const targets = pods.filter(({ metadata: { uid = '' } }) => uids.has(uid));
  return services
    .filter((service) => podsOfService(service, targets).length > 0)
    .map((service) => ({
      addresses: addressesOfService(service),
      pods: podsOfService(service, pods).map(addressesOfPod),
    }));
}

function hurtBy({ tasks }: PlannedRun, { pods }: World, programOf: ReadonlyMap<string, number>): HurtPod[] {
  const byUid = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  return tasks.fault.flatMap(({ spec: { node, targets, fault } }) => {
    if (fault === undefined) return [];
    const { device, effect, peers, excluded, except = { ipv4: [], ipv6: [] }, include = [] } = fault;
    const { hosts = { peers: [], except: [] } } = fault;
    const spared = [...excluded, ...except.ipv4, ...except.ipv6, ...hosts.except];
    const what = {
      node,
      device,
      fault: describeFault(effect) + describeTraffic(fault),
      ...changesOf(fault),
      peers: addressesOf(peers, hosts.peers),
      spared,
      include,
    };
    return targets.map(({ podUid, namespace, name }) => {
      const pod = byUid.get(podUid);
      const owner = pod === undefined ? undefined : controllerOf(pod);
      return {
        ...{ namespace, name, labels: pod?.metadata.labels ?? {} },
        ...(owner === undefined ? {} : { owner: { kind: owner.kind, name: owner.name } }),
        ...{ ...what, program: programOf.get(podUid) ?? 0 },
      };
    });
  });
}

function changesOf({ steps, pulse }: FaultWork): Pick<HurtPod, 'steps' | 'pulse'> {
  return {
    ...(steps === undefined ? {} : { steps: steps.map(({ atMs, effect }) => ({ atMs, fault: describeFault(effect) })) }),
    ...(pulse === undefined ? {} : { pulse }),
  };
}

function addressesOf(peers: Peers, hosts: HostNames['peers']): 'all' | string[] {
  if (peers === 'all') return 'all';
  const atPorts = (peers.atPorts ?? []).flatMap(({ ipv4, ipv6, ports }) =>
    [...ipv4, ...ipv6].map((address) => `${address} port ${formatPorts(ports)}`),
  );
  const named = hosts.map(({ host, ports }) => (ports === undefined ? host : `${host} port ${formatPorts(ports)}`));
  return [...peers.ipv4, ...peers.ipv6, ...atPorts, ...named];
}

/** What the fault asks of a packet besides its peers. */
function describeTraffic({ protocol, ports = [] }: Pick<FaultWork, 'protocol' | 'ports'>): string {
  const own = ports.length === 0 ? '' : ` at its port ${ports.map(formatPorts).join(', ')}`;
  return protocol === undefined && own === '' ? '' : `, ${protocol ?? 'what has ports,'}${own} only`;
}

const formatPorts = ({ first, last }: PortRange): string => (first === last ? `${first}` : `${first}-${last}`);

function probesOf({ tasks }: PlannedRun): PreviewedProbe[] {
  return tasks.probe.flatMap(({ spec: { targets, probe } }) =>
    (probe?.streams ?? []).map(({ hypothesis, podUid, protocol, address, port }) => {
      const source = targets.find((target) => target.podUid === podUid);
      return {
        hypothesis,
        source: `${source?.namespace ?? ''}/${source?.name ?? ''}`,
        ...{ protocol, address },
        ...(port === undefined ? {} : { port }),
      };
    }),
  );
}
