import { release } from 'node:os';
import { join } from 'node:path';
import { type HaltObject, networkHalts, type NodeTask, nodeLabel, shortNodeName, systemNamespace } from '../api/index.ts';
import { type Clock, messageOf } from '../lib/index.ts';
import { createCache, type Resource, sayWatchTrouble, type Store, type WatchTrouble } from '../store/index.ts';
import type { AgentView } from './agent-view.ts';
import { createCapabilityCache } from './capability-cache.ts';
import type { AgentContext } from './context.ts';
import type { LeaseObject } from './lease.ts';
import { createEnforcer } from './enforcement/enforcer.ts';
import { watchHalts } from './halt-watch.ts';
import { beat } from './heartbeat.ts';
import type { HostResolver } from './hosts/resolver.ts';
import type { KernelDriver } from './kernel-driver.ts';
import { watchLeases } from './lease-watch.ts';
import { createLimiter } from './limiter.ts';
import type { Log } from './log.ts';
import { readSystem } from './node-system.ts';
import { type NodePlace, ownPlace } from './node-checks/node-place.ts';
import type { PodNamespaces } from './namespaces/pod-namespaces.ts';
import { releaseUnwanted } from './release-unwanted.ts';
import { deleteOrphanedSamples } from './sample-file.ts';
import { watchServer } from './server-health.ts';
import { superviseTasks } from './supervisor.ts';
import { sweepFormerLife } from './sweep.ts';
import { tryCapability } from './try-capability.ts';
import { whenAborted } from './timing.ts';

export const nodeTasks: Resource<NodeTask> = {
  apiVersion: 'networkmachinery.io/v1alpha1',
  kind: 'NodeTask',
  plural: 'nodetasks',
  namespaced: true,
};
export const halts: Resource<HaltObject> = networkHalts;
export const leases: Resource<LeaseObject> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

export type AgentOptions = {
  store: Store;
  /** This node's name: only NodeTasks with this label are looked at. */
  node: string;
  /** The instance whose tasks these are; tasks of another are left alone. */
  instance: string;
  stateFolder: string;
  kernel: KernelDriver;
  /** How it is known which network namespace is which pod's; the kernel driver is to be given the same. */
  namespaces: PodNamespaces;
  clock: Clock;
  log: Log;
  /** Ends the agent: everything is undone first. */
  signal: AbortSignal;
  /** The JavaScript (or TypeScript) file of the TCP prober. */
  tcpProbeProgram: string;
  /** How host names are looked up as a target would. */
  resolveHosts: HostResolver;
  /** Where what is the node's is found. @default this process's own */
  nodePlace?: NodePlace;
  random?: () => number;
  /** Called once, after the first sweep. */
  onStart?: (view: AgentView) => void;
  /** Ends the agent when the API server was away for so long; absent: it waits for ever. */
  goneAfterMs?: number;
};

/** `Unfinished`: stopped while something could not be undone; the kernel ends it, and the next start sweeps it. */
export type AgentEnd = 'Stopped' | 'Unfinished' | 'ServerGone';

const targetsAtOnce = 2;
/** Counters may wait; faults that come, go or must be held may not wait for them. */
const readingsAtOnce = 1;
const baselinesAtOnce = 8;
/** Each starts a program, and may wait 5 s for a name server. */
const lookupsAtOnce = 4;
/** The server may come back at any moment, and a lease hangs on noticing: the client's own longest pause is too long. */
const retry = { first: 50, most: 1000 };
/** What could not be undone by then is left to the kernel's lease and the next start's sweep. */
const stopWithinMs = 20_000;

/**
 * The agent's life: sweep, then work on this node's tasks until the signal fires or the server has gone for good; then undo
 * everything. Rejects only when the state folder cannot be used.
 */
export async function runAgent(options: AgentOptions): Promise<AgentEnd> {
  const { store, clock, log, node, instance, stateFolder, signal, random = Math.random } = options;
  const sweep = await sweepFormerLife({ ...options, random }, signal);
  const samples = join(stateFolder, 'samples');
  // What the work needs outlives the order to stop: undoing must be able to report.
  const life = new AbortController();
  const stopping = new AbortController();
  const health = watchServer(options, leases, life.signal);
  const troubled = new Set<WatchTrouble>([sayWatchTrouble(log, clock), health.trouble]);
  const trouble: WatchTrouble = (...said) => {
    for (const listener of troubled) listener(...said);
  };
  const cacheOptions = { namespace: systemNamespace, retry, trouble };
  // Those of runs; that every other node's agent is there is news to nobody here, and of a thousand nodes it would be a flood.
  const leaseOptions = { ...cacheOptions, labelSelector: `!${nodeLabel}` };
  const leaseCache = createCache(store, leases, leaseOptions, clock, random, life.signal);
  const taskCache = createCache(
    store,
    nodeTasks,
    { ...cacheOptions, labelSelector: `${nodeLabel}=${shortNodeName(node)}` },
    clock,
    random,
    life.signal,
  );
  const lookupLimit = createLimiter(lookupsAtOnce);
  const haltCache = createCache(store, halts, { retry, trouble }, clock, random, life.signal);
  const haltWatch = watchHalts(haltCache);
  haltWatch.onChange(() => {
    const why = haltWatch.said();
    if (why !== undefined) log('warn', 'everything is undone and nothing begun', { why });
  });
  const system = readSystem();
  system.catch(() => undefined);
  const { nodePlace = ownPlace } = options;
  const enforcer = createEnforcer(stateFolder, nodePlace, log);
  const context: AgentContext = {
    store,
    tasks: nodeTasks,
    node,
    instance,
    stateFolder,
    kernel: options.kernel,
    clock,
    random,
    log,
    leases: watchLeases(leaseCache, clock),
    halts: haltWatch,
    namespaces: options.namespaces,
    nameOfFault: (faultId) => {
      const run = taskCache.list().find(({ spec }) => spec.fault?.id === faultId)?.spec.run;
      return run === undefined ? faultId : `${run.namespace}/${run.name}`;
    },
    tcpProbeProgram: options.tcpProbeProgram,
    resolveHosts: async (...lookup) => await lookupLimit(() => options.resolveHosts(...lookup)),
    targetLimit: createLimiter(targetsAtOnce),
    readLimit: createLimiter(readingsAtOnce),
    pingLimit: createLimiter(baselinesAtOnce),
    swept: sweep.clean,
    kernelRelease: release(),
    tryCapability: createCapabilityCache({ file: join(stateFolder, 'capabilities.json'), clock, tryCapability }),
    system: async () => await system,
    nodePlace,
    enforcer,
    stopping: stopping.signal,
  };
  const trimSamples = () => {
    deleteOrphanedSamples(samples, new Set(taskCache.list().map(({ metadata }) => metadata.name))).catch((error: unknown) => {
      log('warn', 'samples of finished tasks not deleted', { error: messageOf(error) });
    });
  };
  const isWanting = (owner: string) =>
    taskCache.list().some(({ spec }) => spec.work === 'enforce' && spec.order === 'apply' && spec.run.uid === owner);
  const unwanted = releaseUnwanted(context, taskCache.synced, isWanting);
  const supervisor = superviseTasks(context, taskCache, sweep, trimSamples);
  const residue = () => sweep.residue() + supervisor.residue() + unwanted.residue();
  const beating = beat({ store, leases, node, clock, log, residue }, life.signal);
  // A cache that ends before it is synced was told to.
  taskCache.synced.then(trimSamples, () => undefined);
  let isStoreRead = false;
  Promise.all([taskCache.synced, leaseCache.synced, haltCache.synced]).then(
    () => {
      isStoreRead = true;
    },
    () => undefined,
  );
  options.onStart?.({
    tasks: taskCache,
    isStoreRead: () => isStoreRead,
    serverAwayMs: health.awayMs,
    onWatchTrouble: (listener) => {
      troubled.add(listener);
    },
    residue,
  });

  const gone = options.goneAfterMs === undefined ? undefined : health.goneFor(options.goneAfterMs);
  const end = await Promise.race<AgentEnd>([
    whenAborted(signal).then(() => 'Stopped'),
    ...(gone === undefined ? [] : [gone.then((): AgentEnd => 'ServerGone')]),
    // A cache ends early only by a fault of ours; the agent then undoes everything rather than going on blind.
    Promise.race([taskCache.ended, leaseCache.ended, haltCache.ended]).then(
      (): AgentEnd => 'Stopped',
      (error: unknown) => {
        log('error', 'watching failed', { error: messageOf(error) });
        return 'Stopped' as const;
      },
    ),
  ]);
  log('info', 'stopping', { why: end, running: supervisor.running() });
  stopping.abort();
  await Promise.race([supervisor.end('AgentStopped'), clock.sleep(stopWithinMs, life.signal)]);
  const unfinished = supervisor.running();
  if (unfinished > 0) log('error', 'stopped with work unfinished', { running: unfinished });
  life.abort();
  await Promise.allSettled([leaseCache.ended, taskCache.ended, haltCache.ended, beating]);
  return unfinished > 0 ? 'Unfinished' : end;
}
