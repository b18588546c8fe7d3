import { nodeUidAnnotation } from '../../control/index.ts';
import type { Lab } from '../../lab/index.ts';
import { codeOf } from '../../lib/index.ts';
import type { AnyObject, Resource, Store } from '../../store/index.ts';

const resources = {
  Node: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
  Namespace: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  Pod: { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  Service: { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true },
} satisfies Record<string, Resource>;

/** Makes the store tell the truth about the lab: what a former lab left in it is deleted, and every object of this one created. */
export async function putLab(store: Store, lab: Lab): Promise<void> {
  const wanted: AnyObject[] = [
    ...lab.nodes,
    ...lab.namespaces,
    ...lab.pods.map(asMirror),
    ...lab.services,
    ...lab.endpointSlices,
  ];
  for (const resource of Object.values(resources)) await clear(store, resource);
  for (const object of wanted) await create(store, resources[object.kind as keyof typeof resources], object);
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
  const created = await store.create(resource, object);
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
