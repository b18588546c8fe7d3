/** Pods of workloads, on nodes, of an age; and runs that ask for them within limits. */
import type { BlastRadius, TargetMode } from '../../src/api/index.ts';
import type { Pod, World } from '../../src/control/world.ts';
import { pod, request, shaper, world } from './world.ts';

export const now = Date.parse('2026-01-01T00:00:00Z');

export type Facts = { owner?: string; node?: string; namespace?: string; ageMs?: number; ending?: boolean };

export function made(
  name: string,
  index: number,
  { owner, node, namespace = 'shop', ageMs = 3_600_000, ending }: Facts = {},
): Pod {
  const bare = pod(name, index, { app: 'web', ...(node === undefined ? {} : { node }) });
  const controller = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner ?? '', uid: `uid-of-${owner}`, controller: true };
  const metadata = {
    ...bare.metadata,
    ...{ namespace, uid: `${namespace}-${name}`, creationTimestamp: new Date(now - ageMs).toISOString() },
    ...(owner === undefined ? {} : { ownerReferences: [controller] }),
    ...(ending ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  };
  return { ...bare, metadata };
}

export function asking(
  blastRadius: BlastRadius | undefined,
  { mode = { mode: 'all' }, namespaces = ['shop'], seed = 'seed' }: Asked = {},
) {
  const selector = { matchLabels: { app: 'web' } };
  const parts = namespaces.flatMap((namespace) =>
    shaper.parts.map((part) => ({ ...part, targets: [{ kind: 'selector' as const, namespace, selector, mode }] })),
  );
  const asked = request({ shaper: { ...shaper, parts }, entries: [], seed });
  return { ...asked, experiment: { ...asked.experiment, ...(blastRadius === undefined ? {} : { blastRadius }) } };
}
export type Asked = { mode?: TargetMode; namespaces?: readonly string[]; seed?: string };

export const worldOf = (pods: Pod[]): World => ({ ...world, pods });
