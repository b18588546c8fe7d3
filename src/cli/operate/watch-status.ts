import { type HaltObject, nodeLabel, systemNamespace } from '../../api/index.ts';
import { experiments, halts, leases, type MonitorObject, monitors, nodeTasks, schedules } from '../../control/index.ts';
import { type Clock, codeOf, messageOf } from '../../lib/index.ts';
import { createCache, type Store } from '../../store/index.ts';
import { readFolderReport } from '../serve/folder-report.ts';
import type { StatusFacts } from './status-view.ts';

/**
 * One namespace of a cluster, where people may not read the orders to agents: what those say of residue, a run's status says a moment
 * later. Nobody follows a folder there.
 */
export type ClusterScope = { namespace: string };

/** Those by which agents say that they are there, and what they still find that no run owns. */
const agentLeases = { namespace: systemNamespace, labelSelector: nodeLabel };

/** Everything that a status is made from, asked for once. @param scope absent: all of this machine */
export async function gatherStatus(store: Store, scope?: ClusterScope): Promise<StatusFacts> {
  if (scope) {
    const [runs, timetables, levers, watched] = await Promise.all([
      store.list(experiments, scope),
      store.list(schedules, scope),
      readHalts(store),
      readMonitors(store, scope),
    ]);
    return { experiments: runs.items, schedules: timetables.items, tasks: [], halts: levers, monitors: watched };
  }
  const [runs, timetables, tasks, agents, levers, watched, folder] = await Promise.all([
    store.list(experiments),
    store.list(schedules),
    store.list(nodeTasks, { namespace: systemNamespace }),
    store.list(leases, agentLeases),
    readHalts(store),
    readMonitors(store),
    readFolderReport(store),
  ]);
  return {
    experiments: runs.items,
    schedules: timetables.items,
    tasks: tasks.items,
    agents: agents.items,
    halts: levers,
    monitors: watched,
    ...(folder === undefined ? {} : { folder }),
  };
}

/** They are of no namespace: who may look into one need not be allowed to see them, and an older cluster does not know them. */
async function readHalts(store: Store): Promise<HaltObject[]> {
  return (await store.list(halts).catch(unlessHidden))?.items ?? [];
}

/** Asked for again and again, and not watched: they change every second. */
async function readMonitors(store: Store, scope: Partial<ClusterScope> = {}): Promise<MonitorObject[]> {
  return (await store.list(monitors, scope).catch(unlessHidden))?.items ?? [];
}

function unlessHidden(error: unknown): undefined {
  if (!['PermissionDenied', 'NotFound', 'NotImplemented'].includes(codeOf(error))) throw error;
}

export type StatusWatch = {
  store: Store;
  /** Absent: all of this machine. */
  scope?: ClusterScope;
  clock: Clock;
  random: () => number;
  show: (facts: StatusFacts) => void;
  /** Told when the connection is lost; it is tried again. */
  trouble: (text: string) => void;
  signal: AbortSignal;
};

/** Changes that come together are shown together; the folder's problems and the clock's times are looked at this often. */
const betweenMs = { changes: 200, looks: 1000 };

/** Shows the status now, after every change and every second, until the signal fires. */
export async function watchStatus({ store, scope, clock, random, show, trouble, signal }: StatusWatch): Promise<void> {
  const tell = {
    trouble: (error: unknown) => {
      trouble(messageOf(error));
    },
  };
  const runs = createCache(store, experiments, { ...tell, ...scope }, clock, random, signal);
  const timetables = createCache(store, schedules, { ...tell, ...scope }, clock, random, signal);
  const ofMachine = { ...tell, namespace: systemNamespace };
  const tasks = scope ? undefined : createCache(store, nodeTasks, ofMachine, clock, random, signal);
  const agents = scope ? undefined : createCache(store, leases, { ...tell, ...agentLeases }, clock, random, signal);
  const caches = tasks && agents ? ([runs, timetables, tasks, agents] as const) : ([runs, timetables] as const);
  let changed = Promise.withResolvers<undefined>();
  for (const cache of caches)
    cache.onChange(() => {
      changed.resolve(undefined);
    });
  await Promise.all(caches.map(({ synced }) => synced)).catch(unlessStopped(signal));
  while (!signal.aborted) {
    changed = Promise.withResolvers<undefined>();
    // The lists are the caches'; a server that is away for a moment costs only the news about the folder.
    const folder = scope ? undefined : await readFolderReport(store).catch(unlessUnavailable);
    const levers = (await readHalts(store).catch(unlessUnavailable)) ?? [];
    const watched = (await readMonitors(store, scope).catch(unlessUnavailable)) ?? [];
    const facts = {
      experiments: runs.list(),
      schedules: timetables.list(),
      tasks: tasks?.list() ?? [],
      agents: agents?.list(),
      halts: levers,
      monitors: watched,
    };
    show(folder === undefined ? facts : { ...facts, folder });
    await Promise.race([changed.promise, clock.sleep(betweenMs.looks, signal).catch(unlessStopped(signal))]);
    await clock.sleep(betweenMs.changes, signal).catch(unlessStopped(signal));
  }
  await Promise.allSettled(caches.map(({ ended }) => ended));
}

function unlessUnavailable(error: unknown): undefined {
  if (codeOf(error) !== 'Unavailable') throw error;
}

function unlessStopped(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}
