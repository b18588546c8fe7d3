import { nodeUidAnnotation } from '../../control/index.ts';
import type { Lab } from '../../lab/index.ts';
import { codeOf } from '../../lib/index.ts';
import type { AnyObject, Resource, Store } from '../../store/index.ts';

const resources = {
  Node: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
  Namespace: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  Pod: { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  PodDisruptionBudget: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', plural: 'poddisruptionbudgets', namespaced: true },
  Service: { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true },
} satisfies Record<string, Resource>;

/** The objects that a lab consists of; a node need not be described where there is none. */
export type LabObjects = Pick<Lab, 'namespaces' | 'pods' | 'services' | 'budgets' | 'endpointSlices'> & {
  nodes: readonly AnyObject[];
};

/**
 * Makes the store tell the truth about the lab. Where it knows this lab already only the pods' statuses are renewed, so that a
 * restart shows no moment without targets; else what a former lab left is deleted, and every object of this one created.
 * A namespace stays: deleting it would delete the runs and schedules in it.
 */
export async function putLab(store: Store, lab: LabObjects): Promise<void> {
  if (await isKnown(store, lab)) {
    await renewStatuses(store, lab);
    return;
  }
  const wanted: AnyObject[] = [
    ...lab.nodes,
    ...lab.namespaces,
    ...lab.pods.map(asMirror),
    ...lab.services,
    ...lab.budgets,
    ...lab.endpointSlices,
  ];
  for (const resource of Object.values(resources)) if (resource.kind !== 'Namespace') await clear(store, resource);
  for (const object of wanted) await create(store, resources[object.kind as keyof typeof resources], object);
}

async function isKnown(store: Store, { pods }: LabObjects): Promise<boolean> {
  const { items } = await store.list<AnyObject>(resources.Pod);
  const stored = new Set(items.map(({ metadata }) => metadata.annotations?.[nodeUidAnnotation]));
  return pods.length > 0 && stored.size === pods.length && pods.every(({ metadata }) => stored.has(metadata.uid));
}

async function renewStatuses(store: Store, { pods }: LabObjects): Promise<void> {
  for (const { metadata, status } of pods) {
    const current = await store.get<AnyObject>(resources.Pod, { namespace: metadata.namespace, name: metadata.name });
    await store.updateStatus(resources.Pod, { ...current, status } as AnyObject);
  }
}

async function clear(store: Store, resource: Resource): Promise<void> {
  const { items } = await store.list(resource);
  for (const { metadata } of items) {
    const key = { name: metadata.name, ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) };
    await store.delete(resource, key).catch((error: unknown) => {
      if (codeOf(error) !== 'NotFound') throw error;
    });
  }
}

async function create(store: Store, resource: Resource, object: AnyObject): Promise<void> {
  const created = await store.create(resource, object).catch((error: unknown) => {
    if (codeOf(error) !== 'AlreadyExists') throw error;
  });
  if (created === undefined) return;
  if ('status' in object) await store.updateStatus(resource, { ...created, status: object.status } as AnyObject);
}

/** A server gives every object a uid of its own; the annotation keeps the one that the pod's network namespace is named by. */
function asMirror(pod: Lab['pods'][number]): Lab['pods'][number] {
  const annotations = {
    ...pod.metadata.annotations,
    ...(pod.metadata.uid === undefined ? {} : { [nodeUidAnnotation]: pod.metadata.uid }),
  };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}
