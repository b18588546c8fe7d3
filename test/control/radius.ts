/** Pods of workloads, on nodes, of an age; and runs that ask for them within limits. */
import type { BlastRadius, TargetMode, TargetSelector } from '../../src/api/index.ts';
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
  { mode = { mode: 'all' }, namespaces = ['shop'], seed = 'seed', only }: Asked = {},
) {
  const selector = { matchLabels: { app: 'web' } };
  const targets: TargetSelector[] =
    only === undefined
      ? namespaces.map((namespace) => ({ kind: 'selector', namespace, selector, mode }))
      : [{ kind: 'pod', namespace: only.metadata.namespace ?? '', name: only.metadata.name }];
  const parts = targets.flatMap((target) => shaper.parts.map((part) => ({ ...part, targets: [target] })));
  const asked = request({ shaper: { ...shaper, parts }, entries: [], seed });
  return { ...asked, experiment: { ...asked.experiment, ...(blastRadius === undefined ? {} : { blastRadius }) } };
}
/** @property only instead of all that have the label */
export type Asked = { mode?: TargetMode; namespaces?: readonly string[]; seed?: string; only?: Pod };

/** @param others pods that another run hurts */
export const worldOf = (pods: Pod[], others: readonly Pod[] = []): World => ({
  ...world,
  pods,
  activeRuns:
    others.length === 0
      ? []
      : [{ uid: 'other-run', namespace: 'shop', name: 'other', podUids: others.map(({ metadata }) => metadata.uid ?? '') }],
});
