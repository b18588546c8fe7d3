import { describe, expect, it } from 'vitest';
import { clusterInstance } from '../../src/cluster/index.ts';
import { SquallError } from '../../src/lib/index.ts';
import type { Store } from '../../src/store/index.ts';

/** A store in which kube-system has this uid, and nothing else is asked for. */
function clusterWith(uid: string): Pick<Store, 'get'> {
  return {
    get: (resource, { name }) => {
      expect([resource.kind, name]).toEqual(['Namespace', 'kube-system']);
      const metadata = { name, uid, resourceVersion: '1', creationTimestamp: '' };
      return Promise.resolve({ apiVersion: 'v1', kind: 'Namespace', metadata } as never);
    },
  };
}

describe('clusterInstance', () => {
  it('is the same wherever it is derived, as `printf UID | sha256sum | head -c 8` prints it', async () => {
    expect(await clusterInstance(clusterWith('b7e8f6a2-6b3c-4d6e-9a54-0d9d3c5f1e11'))).toBe('823e625e');
    expect(await clusterInstance(clusterWith('b7e8f6a2-6b3c-4d6e-9a54-0d9d3c5f1e12'))).not.toBe('823e625e');
  });

  it('rejects as the store does', async () => {
    const closed = new SquallError('PermissionDenied', 'namespaces "kube-system" is forbidden');
    await expect(clusterInstance({ get: () => Promise.reject(closed) })).rejects.toBe(closed);
  });
});
