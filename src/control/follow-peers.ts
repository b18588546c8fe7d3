/** Peers and exceptions that are pods, of a fault that is active, as they come and go: what the fault is to hurt now. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Addresses,
  type FaultWork,
  type NodeTask,
  type PortRange,
  type Peers,
  type Place,
  selectorText,
  type Shaper,
} from '../api/index.ts';
import { codeOf } from '../lib/index.ts';
import type { Store, Stored } from '../store/index.ts';
import { covers, dosePeersOf } from './exposure.ts';
import type { RunRequest } from './plan-run.ts';
import { resolvePeers, resolvePlaces } from './resolve.ts';
import { nodes, nodeTasks, pods, services } from './resources.ts';
import { faultId } from './task-plan.ts';
import { addressesOfPod, keepPod, type Node, type Pod, podsOfService, type Service, type World } from './world.ts';

/** How soon a pod that came is hurt, or spared, and one that went is not any more. */
export const followEveryMs = 2000;
/** A store that does not answer in this time is asked again at the next look. */
const answerMs = 4000;

type Part = Shaper['parts'][number];

const placesOf = ({ peers, except }: Part): Place[] => [...peers, ...except];

/** Whether the fault names pods, which come and go. */
export function hasMovingPeers({ shaper }: Pick<RunRequest, 'shaper'>): boolean {
  return shaper?.parts.flatMap(placesOf).some(({ kind }) => ['pod', 'service', 'selector'].includes(kind)) ?? false;
}

/** Tells the agents of running faults whom they are to hurt now, where that has changed; their answer is in the tasks' statuses. */
export async function followPeers(store: Store, request: RunRequest, tasks: readonly Stored<NodeTask>[]): Promise<void> {
  const { shaper, uid } = request;
  const running = tasks.filter(({ spec }) => spec.work === 'fault' && spec.order === 'apply');
  const hurt = new Set(running.flatMap(({ spec }) => spec.targets.flatMap(({ ips }) => ips)));
  for (const [index, part] of (shaper?.parts ?? []).entries()) {
    const ofPart = running.filter(({ spec }) => spec.fault?.id === faultId(uid, index));
    if (ofPart.length === 0 || !hasMovingPeers({ shaper: { leaseSeconds: 0, parts: [part] } })) continue;
    const world = await readNamed(store, placesOf(part));
    for (const task of ofPart) {
      const { fault } = task.spec;
      const now = fault && followed(fault, part, world, hurt);
      if (now !== undefined && now !== fault) await tell(store, task, now);
    }
  }
}

/** The agent writes its status every second: a version that was replaced meanwhile is read again. An order to undo stays one. */
async function tell(store: Store, task: Stored<NodeTask>, fault: FaultWork): Promise<void> {
  try {
    await store.update(nodeTasks, { ...task, spec: { ...task.spec, generation: task.spec.generation + 1, fault } });
  } catch (error) {
    if (codeOf(error) === 'NotFound') return;
    if (codeOf(error) !== 'Conflict') throw error;
    const { namespace = '', name, uid } = task.metadata;
    const present = await ifThere(store.get(nodeTasks, { namespace, name }));
    if (present?.metadata.uid === uid && present.spec.order === 'apply') await tell(store, present, fault);
  }
}

/** The fault with the peers and exceptions that there are now; the very same where nothing has changed. Pure. @param hurt addresses of targets */
export function followed(fault: FaultWork, part: Part, whole: World, hurt: ReadonlySet<string>): FaultWork {
  const world = { ...whole, pods: whole.pods.filter((pod) => !isNewOnHost(pod, fault)) };
  const peers = resolvePeers(part.peers, world, 'nobody');
  const except = part.except.length === 0 ? undefined : resolvePlaces(part.except, world, 'nobody');
  if (isDeepStrictEqual(sorted(peers), sorted(fault.peers)) && isDeepStrictEqual(sorted(except), sorted(fault.except)))
    return fault;
  const selected = { peers, ...(except === undefined ? {} : { except }) };
  const unhurt = world.pods.filter((pod) => isRunning(pod) && !addressesOfPod(pod).some((address) => hurt.has(address)));
  const dosePeers = Object.entries(fault.dosePeers).map(([podUid, chosen]) => {
    // Whom the dose was measured by so far is known; another has to be pinged anew.
    const goOn = chosen.length > 0 && chosen.every((address) => covers(selected, address));
    const target = { metadata: { uid: podUid, name: '' } } as Pod;
    return [podUid, goOn ? chosen : (dosePeersOf([target], [], selected, [], unhurt)[podUid] ?? [])];
  });
  return { ...fault, ...selected, dosePeers: Object.fromEntries(dosePeers) as FaultWork['dosePeers'] };
}

/** A pod with its node's address would bring all of that node in; one that was there when the run was planned was seen in the preview. */
function isNewOnHost({ status, ...pod }: Pod, { peers }: FaultWork): boolean {
  const onHost = [status?.hostIP, ...(status?.hostIPs ?? []).map(({ ip }) => ip)];
  const own = addressesOfPod({ status, ...pod });
  const known = peers === 'all' ? [] : [peers, ...(peers.atPorts ?? [])].flatMap(({ ipv4, ipv6 }) => [...ipv4, ...ipv6]);
  return own.some((address) => onHost.includes(address)) && !own.some((address) => known.includes(address));
}

const isRunning = ({ status }: Pod): boolean => status?.phase === 'Running';

/** A list's order says nothing. */
function sorted(value: Peers | FaultWork['except']): unknown {
  if (value === undefined || value === 'all') return value;
  const groups: ({ ports?: PortRange } & Addresses)[] = [value, ...('atPorts' in value ? (value.atPorts ?? []) : [])];
  return groups.map(({ ports, ipv4, ipv6 }) => ({ ports, ipv4: ipv4.toSorted(), ipv6: ipv6.toSorted() }));
}

/** Only what the places name: a world of ten thousand pods is not read every other second. */
async function readNamed(store: Store, places: readonly Place[]): Promise<World> {
  const found = {
    pods: new Map<string, Stored<Pod>>(),
    services: new Map<string, Stored<Service>>(),
    nodes: new Map<string, Node>(),
  };
  const keep = (items: readonly (Stored<Pod> | undefined)[]) => {
    for (const pod of items) if (pod !== undefined) found.pods.set(pod.metadata.uid, keepPod(pod));
  };
  const limit = { timeoutMs: answerMs };
  const listed = async (namespace: string, labelSelector: string) =>
    (await store.list(pods, { namespace, labelSelector, keep: keepPod, ...limit })).items;
  for (const place of new Map(places.map((one) => [JSON.stringify(one), one])).values()) {
    switch (place.kind) {
      case 'pod':
        keep([await ifThere(store.get(pods, place, limit))]);
        break;
      case 'selector':
        keep(await listed(place.namespace, selectorText(place.selector)));
        break;
      case 'service': {
        const service = await ifThere(store.get(services, place, limit));
        const { selector = {} } = service?.spec ?? {};
        if (service === undefined) break;
        found.services.set(service.metadata.uid, service);
        if (Object.keys(selector).length === 0) break;
        keep(podsOfService(service, await listed(place.namespace, selectorText({ matchLabels: selector }))) as Stored<Pod>[]);
        break;
      }
      case 'node': {
        const node = await ifThere(store.get(nodes, { name: place.name }, limit));
        if (node !== undefined) found.nodes.set(node.metadata.uid, node);
        break;
      }
      case 'ip':
      case 'cidr':
      case 'host':
    }
  }
  return {
    pods: [...found.pods.values()],
    services: [...found.services.values()],
    nodes: [...found.nodes.values()],
    namespaces: [],
    budgets: [],
    apiServer: [],
    activeRuns: [],
  };
}

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  return await reading.catch((error: unknown) => {
    if (codeOf(error) !== 'NotFound') throw error;
    return undefined;
  });
}
