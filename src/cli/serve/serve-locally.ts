import { join } from 'node:path';
import type { Logger } from 'pino';
import { type ExperimentObject, experiments, type TargetRules } from '../../control/index.ts';
import { type Clock, codeOf, messageOf, SquallError } from '../../lib/index.ts';
import { boundLogs, labDown, readTopology } from '../../lab/index.ts';
import type { Collector } from '../../observers/index.ts';
import { type HttpServer, tellWatchTrouble } from '../../server/index.ts';
import type { Store, Stored, WatchTrouble } from '../../store/index.ts';
import packageFacts from '../../../package.json' with { type: 'json' };
import { isUndoProven } from '../operate/abort-outcome.ts';
import { keepServed } from '../network/keep-served.ts';
import { prepareNetwork } from '../network/network.ts';
import { pointLab } from '../network/point-lab.ts';
import { serveSflowRt } from '../network/serve-sflow-rt.ts';
import type { CollectorPlace } from '../network/sflow-options.ts';
import { type Machine, startMachine } from '../run/machine.ts';
import { openLab } from '../run/open-lab.ts';
import { createSettledLab } from '../run/settled-lab.ts';
import { untilDone } from '../run/until-done.ts';
import { lockState } from '../state-lock.ts';
import { instanceId, stateFiles } from '../state.ts';
import { boundForeignFile } from './bound-files.ts';
import { followFolder } from './follow-folder.ts';
import { createHeartbeat } from './heartbeat.ts';
import { keepRuns, type RunKeeper } from './keep-runs.ts';
import { createLineFile } from './line-file.ts';
import type { KernelHere } from '../run/in-guest.ts';
import type { ListenAddress } from './listen-address.ts';
import { createMetrics, observe } from './observe.ts';

export type LocalServe = {
  folder: string;
  stateFolder: string;
  /** Without it, a lab that is up in the state folder is used. */
  lab: string | undefined;
  listen: ListenAddress | undefined;
  sflow: CollectorPlace;
  /** Where sFlow-RT's REST API is served; undefined: nowhere. */
  sflowRt: ListenAddress | undefined;
  log: Logger;
  clock: Clock;
  random: () => number;
  /** Why this kernel is the one that is used, for the journals. */
  kernelChoice: KernelHere;
  targets: TargetRules;
  /** Ends it: nothing more starts, what is active is aborted as `Stopped`, undone and reported. */
  signal: AbortSignal;
};

const boundFilesEveryMs = 60_000;

/**
 * Runs what a folder asks for on this machine, until the signal fires and everything is undone. Rejects with CleanUpIncomplete
 * when an undo could not be proven.
 */
export async function serveLocally(options: LocalServe): Promise<void> {
  const { stateFolder, lab, log, clock, random, kernelChoice, targets, signal } = options;
  using _lock = lockState(stateFolder);
  const topology = lab === undefined ? undefined : await readTopology({ file: lab });
  const place = { stateFolder, instance: instanceId(stateFolder) };
  const ticks = createLineFile(join(stateFolder, 'ticks.jsonl'), log);
  let loaded = false;
  const metrics = createMetrics(packageFacts.version);
  const trouble = tellWatchTrouble({ log, clock, metrics });
  const settling = createSettledLab((address) => pointLab(place, address, log));
  const network = prepareNetwork(options.sflow, clock, log, settling.opened);
  metrics.showCollector(async () => await network.collector.opened()?.counters());
  const machine = await startMachine({
    stateFolder,
    log,
    clock,
    random,
    kernelChoice,
    targets,
    network,
    onRecord: () => undefined,
    observer: {
      onLeaseRenewal: (result) => {
        metrics.leaseRenewed('run', result);
      },
      onReconcileError: (code) => {
        metrics.reconcileFailed(code);
      },
      onAgentRestart: () => {
        metrics.agentRestarted();
      },
      onWatchTrouble: trouble,
    },
    onNodeOutcome: ({ validator, node }) => {
      const failed = node.checks.filter(({ ok }) => !ok).map(({ name, found }) => `${name}: ${found}`);
      log[node.outcome === 'Valid' ? 'info' : 'warn']({ failed }, `${validator.name}: node ${node.node} is ${node.outcome}`);
    },
    schedules: {
      heartbeat: createHeartbeat(clock, (count) => {
        metrics.heartbeatsMissed(count);
      }),
      // Before the lab and the folder are in the store a run would find no targets; after the signal nothing may begin.
      isHeld: () => !loaded || signal.aborted,
      onTick: (record) => {
        ticks.append(record);
        metrics.tick(record);
        const { time: _, schedule, ...facts } = record;
        log[record.outcome === 'Started' ? 'info' : 'warn'](facts, `tick of ${schedule.namespace}/${schedule.name}`);
      },
    },
  });
  const onLoaded = (): void => {
    loaded = true;
    log.info({ folder: options.folder, state: stateFolder }, 'serving');
  };
  const bounding = setInterval(() => {
    ticks.flush();
    boundFiles(stateFolder, log);
  }, boundFilesEveryMs);
  const onProblems = (count: number): void => {
    metrics.folderProblems(count);
  };
  const observing = new AbortController();
  let http: HttpServer | undefined;
  let rest: { ended: Promise<void> } | undefined;
  let isUndone = true;
  try {
    if (options.listen) {
      const folderLoaded = (): boolean => loaded;
      const { listen } = options;
      http = await observe({ machine, metrics, listen, clock, random, log, trouble, folderLoaded, signal: observing.signal });
    }
    const { sflowRt } = options;
    if (sflowRt) {
      const onError = (error: unknown, retryInMs: number): void => {
        log.warn({ code: codeOf(error), retryInMs }, `sFlow-RT's REST API is not served: ${messageOf(error)}`);
      };
      const serve = (collector: Collector) => serveSflowRt(collector, sflowRt, log);
      rest = await keepServed({ network, clock, serve, onError }, observing.signal);
    }
    await work({ ...options, trouble, onLab: settling.settled, onLoaded, onProblems }, machine, { place, topology });
  } finally {
    clearInterval(bounding);
    observing.abort();
    await http?.close();
    await rest?.ended;
    ({ isUndone } = await machine.stop());
    if (topology) await labDown(place);
  }
  if (!isUndone) {
    const message =
      'the agent did not end with everything undone (see agent.log); the kernel ends what is left, and the next start undoes it';
    throw new SquallError('CleanUpIncomplete', message);
  }
}

type LabChoice = Pick<Parameters<typeof openLab>[0], 'place' | 'topology'>;

type Work = LocalServe & {
  trouble: WatchTrouble;
  /** Told once the lab is up. */
  onLab: () => Promise<void>;
  onLoaded: () => void;
  onProblems: (count: number) => void;
};

async function work(options: Work, { store, journals }: Machine, { place, topology }: LabChoice): Promise<void> {
  const { folder, stateFolder, log, clock, random, trouble, onLab, onLoaded, onProblems, signal } = options;
  const closing = new AbortController();
  const { runs } = stateFiles(stateFolder);
  const keeper = keepRuns({ store, journals, runs, clock, random, log, trouble, signal: closing.signal });
  try {
    await keeper.ready;
    // A lab that is replaced takes its namespaces along: what a former life left in them is undone first.
    if (topology) await untilAllDone(await begunRuns(keeper, store), store, signal);
    if (await openLab({ store, place, topology, log, signal })) {
      await onLab();
      await followFolder({ folder, store, clock, log, onLoaded, onProblems, signal });
    }
  } finally {
    log.info('stopping: what is active is aborted and undone');
    try {
      expectProven(await untilAllDone(await activeRuns(keeper, store), store, AbortSignal.abort('Stopped')));
    } finally {
      closing.abort();
      await keeper.ended;
    }
  }
}

/**
 * Waits until these runs are over and resolves to those that were not deleted meanwhile. Every run is tried; rejects with
 * CleanUpIncomplete naming those that could not be ended.
 */
async function untilAllDone(
  runs: readonly Stored<ExperimentObject>[],
  store: Store,
  signal: AbortSignal,
): Promise<Stored<ExperimentObject>[]> {
  const ended: Stored<ExperimentObject>[] = [];
  const failures: string[] = [];
  await Promise.all(
    runs.map(async (run) => {
      try {
        ended.push(await untilDone(store, run, signal));
      } catch (error) {
        if (codeOf(error) !== 'NotFound') failures.push(messageOf(error));
      }
    }),
  );
  if (failures.length > 0) throw new SquallError('CleanUpIncomplete', failures.join('; '));
  return ended;
}

/** @throws SquallError CleanUpIncomplete when the undo of one of them is not proven */
function expectProven(ended: readonly Stored<ExperimentObject>[]): void {
  const unproven = ended.filter(({ status }) => !isUndoProven(status));
  if (unproven.length === 0) return;
  const names = unproven.map(({ metadata }) => `${metadata.namespace ?? 'default'}/${metadata.name}`).join(', ');
  throw new SquallError(
    'CleanUpIncomplete',
    `the undo of ${names} is not proven; the kernel's lease ends the fault, and the next start undoes it`,
  );
}

/** As the store has them; as they were last seen when it cannot answer. */
async function activeRuns(keeper: RunKeeper, store: Store): Promise<Stored<ExperimentObject>[]> {
  try {
    const { items } = await store.list(experiments);
    return items.filter(({ status }) => status?.run.phase !== 'done');
  } catch (error) {
    if (codeOf(error) !== 'Unavailable') throw error;
    return keeper.active();
  }
}

async function begunRuns(keeper: RunKeeper, store: Store): Promise<Stored<ExperimentObject>[]> {
  return (await activeRuns(keeper, store)).filter(({ status }) => status !== undefined);
}

function boundFiles(stateFolder: string, log: Logger): void {
  const tell = (error: unknown): void => {
    log.error({ code: codeOf(error) }, `log files could not be bounded: ${messageOf(error)}`);
  };
  try {
    boundForeignFile(join(stateFolder, 'agent.log'));
  } catch (error) {
    tell(error);
  }
  boundLogs(stateFolder).catch(tell);
}
