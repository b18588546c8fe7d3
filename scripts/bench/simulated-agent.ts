/** An agent without a kernel: it watches its own node's orders, and says at once that what was ordered is so. */
import { type NodeTask, nodeLabel, systemNamespace, type TargetStatus } from '../../src/api/index.ts';
import { nodeTasks } from '../../src/control/index.ts';
import { codeOf, formatInstant, systemClock } from '../../src/lib/index.ts';
import { listWatch, type Store, type Stored } from '../../src/store/index.ts';

export type SimulatedAgent = {
  /** Faults that are applied now. */
  active(): number;
  /** Tasks that are there now. */
  tasks(): number;
};

/** Runs until the signal fires. */
export function simulateAgent(store: Store, node: string, signal: AbortSignal): SimulatedAgent {
  const orders = new Map<string, Stored<NodeTask>>();
  const answer = async (task: Stored<NodeTask>): Promise<void> => {
    const status = statusOf(task);
    if (task.status?.targets[0]?.phase === status.targets[0]?.phase) return;
    await store.updateStatus(nodeTasks, { ...task, status }).catch((error: unknown) => {
      // The watch brings what is newer.
      if (!['NotFound', 'Conflict'].includes(codeOf(error))) throw error;
    });
  };
  const handler = {
    change: ({ type, object }: { type: string; object: Stored<NodeTask> }) => {
      const { uid } = object.metadata;
      if (type === 'deleted') orders.delete(uid);
      else {
        orders.set(uid, object);
        void answer(object);
      }
    },
  };
  const options = { namespace: systemNamespace, labelSelector: `${nodeLabel}=${node}` };
  void listWatch(store, nodeTasks, options, handler, systemClock, Math.random, signal);
  return {
    active: () =>
      [...orders.values()].filter(({ spec, status }) => spec.work === 'fault' && status?.targets[0]?.phase === 'Active').length,
    tasks: () => orders.size,
  };
}

function statusOf({ spec }: NodeTask) {
  const at = formatInstant(Date.now());
  const phase = spec.work === 'fault' && spec.order === 'apply' ? 'Active' : 'Clean';
  const instants: Partial<TargetStatus> = phase === 'Active' ? { activeAt: at } : { cleanAt: at, undoneAt: at };
  const targets = spec.targets.map(({ podUid }) => ({ podUid, phase, since: at, ...instants }) as const);
  const checks = spec.work === 'preflight' ? { checks: [] } : {};
  return { observedGeneration: spec.generation, targets, residue: 0, ...checks };
}
