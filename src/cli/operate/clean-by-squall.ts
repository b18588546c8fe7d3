import { nodeLabel, systemNamespace } from '../../api/index.ts';
import { experiments, leases, nodeTasks } from '../../control/index.ts';
import type { Clock } from '../../lib/index.ts';
import { residueByNode } from '../../server/index.ts';
import type { Store } from '../../store/index.ts';

/** What a running squall says: how many things nobody owns are in kernels, and whose faults are still wanted. */
export type ToldResidue = { residue: number; active: string[] };

const lookEveryMs = 500;

/** Its agent undoes by itself what no run owns: this waits until it says that nothing is left, or the time is up. */
export async function untilClean(store: Store, clock: Clock, withinMs: number): Promise<ToldResidue> {
  const giveUp = clock.monotonic() + withinMs;
  for (;;) {
    const told = await askResidue(store);
    if (told.residue === 0 || clock.monotonic() >= giveUp) return told;
    await clock.sleep(lookEveryMs);
  }
}

async function askResidue(store: Store): Promise<ToldResidue> {
  const [runs, tasks, agents] = await Promise.all([
    store.list(experiments),
    store.list(nodeTasks, { namespace: systemNamespace }),
    store.list(leases, { namespace: systemNamespace, labelSelector: nodeLabel }),
  ]);
  const active = runs.items.filter(({ status }) => status?.run.phase !== 'done');
  return {
    residue: Object.values(residueByNode(tasks.items, agents.items)).reduce((sum, one) => sum + one, 0),
    active: active.map(({ metadata }) => `${metadata.namespace ?? 'default'}/${metadata.name}`),
  };
}
