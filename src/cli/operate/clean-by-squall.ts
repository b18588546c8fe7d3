import { nodeLabel, systemNamespace } from '../../api/index.ts';
import { experiments, leases, nodeTasks } from '../../control/index.ts';
import type { Clock } from '../../lib/index.ts';
import { totalResidue } from '../../server/index.ts';
import type { Store } from '../../store/index.ts';

export type ToldResidue = {
  /** How many things that no run owns are in kernels; undefined when the agent has not said anything since it was asked. */
  residue: number | undefined;
  /** Runs whose faults are still wanted, as namespace/name. */
  active: string[];
};

const lookEveryMs = 500;

/** Its agent undoes by itself what no run owns: this waits until it says that nothing is left, or the time is up. */
export async function untilClean(store: Store, clock: Clock, withinMs: number): Promise<ToldResidue> {
  const askedAt = clock.now();
  const giveUp = clock.monotonic() + withinMs;
  for (;;) {
    const told = await askResidue(store, askedAt);
    if (told.residue === 0 || clock.monotonic() >= giveUp) return told;
    await clock.sleep(lookEveryMs);
  }
}

/** @param since what an agent said before is of another time, or of a former life */
async function askResidue(store: Store, since: number): Promise<ToldResidue> {
  const [runs, tasks, agents] = await Promise.all([
    store.list(experiments),
    store.list(nodeTasks, { namespace: systemNamespace }),
    store.list(leases, { namespace: systemNamespace, labelSelector: nodeLabel }),
  ]);
  const heard = agents.items.filter(({ spec }) => Date.parse(spec.renewTime) >= since);
  const active = runs.items.filter(({ status }) => status?.run.phase !== 'done');
  return {
    residue: heard.length === 0 ? undefined : totalResidue(tasks.items, heard),
    active: active.map(({ metadata }) => `${metadata.namespace ?? 'default'}/${metadata.name}`),
  };
}
