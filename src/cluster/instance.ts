import { createHash } from 'node:crypto';
import { coreKinds } from '../api/index.ts';
import type { RequestOptions, Store } from '../store/index.ts';

/**
 * The instance id of everything that belongs to one cluster: the first 8 hexadecimal digits of the SHA-256 of the uid of its
 * Namespace kube-system, which is there as long as the cluster. Operator and agents derive the same without asking each other.
 * Rejects as the store does: with PermissionDenied where that Namespace may not be read.
 */
export async function clusterInstance(store: Pick<Store, 'get'>, options: RequestOptions = {}): Promise<string> {
  const { metadata } = await store.get(coreKinds.Namespace, { name: 'kube-system' }, options);
  return createHash('sha256').update(metadata.uid).digest('hex').slice(0, 8);
}
