import { createHash } from 'node:crypto';
import type { Resource, Store } from '../store/index.ts';

const namespaces: Resource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };

/**
 * The id that everything of one cluster carries in a kernel: the first 8 hexadecimal digits of the sha256 of the uid of its
 * kube-system namespace. The operator and every agent come to the same.
 */
export async function clusterInstance(store: Store): Promise<string> {
  const { metadata } = await store.get(namespaces, { name: 'kube-system' });
  return createHash('sha256').update(metadata.uid).digest('hex').slice(0, 8);
}
