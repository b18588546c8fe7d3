import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { apiVersion, type JournalRecord, servedKinds, validateObject } from '../../api/index.ts';
import { experiments, type ControlOptions, runControl, type TargetRules } from '../../control/index.ts';
import { startEmbeddedServer } from '../../embedded/index.ts';
import type { ServicePlace } from '../../lab/index.ts';
import { type Clock, codeOf, messageOf } from '../../lib/index.ts';
import { tellWatchTrouble } from '../../server/index.ts';
import { createStore, type Store, transportFor, type WatchTrouble } from '../../store/index.ts';
import type { Network } from '../network/network.ts';
import { watchForMonitors } from '../network/watch-for-monitors.ts';
import { instanceId, stateFiles } from '../state.ts';
import { startAgentProcess } from './agent-process.ts';
import { type GuestService, linkToHost } from './guest-link.ts';
import type { KernelHere } from './in-guest.ts';
import { createJournals, type Journals } from './journals.ts';
import { storeTargetRules } from './target-rules.ts';

/** The name of the one node that a machine by itself has. */
export const localNode = 'lab';

export type MachineOptions = {
  stateFolder: string;
  log: Logger;
  clock: Clock;
  random: () => number;
  /** Every record of every run's journal, as it is written. */
  onRecord: (record: JournalRecord) => void;
  /** Why this kernel is the one that is used, for the journal. */
  kernelChoice: KernelHere;
  /** Whom no run may hurt, and how much at most. */
  targets: TargetRules;
  /** Closed when the machine stops. */
  network: Network;
  /** How schedules are run; without it they are left alone. */
  schedules?: Pick<ControlOptions, 'heartbeat' | 'isHeld' | 'onTick'>;
  /** See `ControlOptions`. */
  onNodeOutcome?: ControlOptions['onNodeOutcome'];
  observer?: MachineObserver;
};

/** Who is told what happens besides the runs themselves. */
export type MachineObserver = {
  onLeaseRenewal: NonNullable<ControlOptions['onLeaseRenewal']>;
  onReconcileError: (code: string) => void;
  onAgentRestart: () => void;
  onWatchTrouble: WatchTrouble;
};

export type Machine = {
  store: Store;
  instance: string;
  journals: Pick<Journals, 'file' | 'close'>;
  /** In the guest: makes a service that listens here reachable on the host. Elsewhere it is reachable already. */
  offerToHost(service: GuestService, place: ServicePlace): void;
  /** Of the agent that runs now. */
  agentPid(): number | undefined;
  /** Undoes, then ends everything that was started. `isUndone`: the agent ended by itself and left nothing. */
  stop(): Promise<{ isUndone: boolean }>;
};

const samplesMs = 500;

/** One machine by itself: the embedded API server, the reconcilers in this process, and one small agent process. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { stateFolder, log, clock, random, observer } = options;
  const files = stateFiles(stateFolder);
  mkdirSync(files.runs, { recursive: true, mode: 0o700 });
  const instance = instanceId(stateFolder);
  const report = (error: unknown): void => {
    log.error({ err: error }, 'the embedded API server reports');
  };
  const hostLink = linkToHost();
  const server = await startEmbeddedServer({ ...files, resources: servedKinds, clock, validate: validateOurs, report }).catch(
    async (error: unknown) => {
      await hostLink?.close();
      throw error;
    },
  );
  hostLink?.offer('api', { path: files.socket });
  const store = createStore(transportFor({ socket: files.socket }));
  const journals = createJournals({ ...options, runs: files.runs, samples: join(stateFolder, 'samples') });
  const agentLog = openSync(join(stateFolder, 'agent.log'), 'a');
  const agent = startAgentProcess({
    program: fileURLToPath(new URL('./agent.js', import.meta.url)),
    args: ['--socket', files.socket, '--node', localNode, '--instance', instance, '--state', stateFolder],
    clock,
    random,
    stderr: agentLog,
    onExit: (code, signal) => {
      log.error({ code, signal }, 'the agent ended by itself and is started again');
      observer?.onAgentRestart();
    },
  });
  // Asked before anybody can make a new one: creation times are of a clock that may have been set back since.
  const abandoned = new Set((await store.list(experiments)).items.map(({ metadata }) => metadata.uid));
  await storeTargetRules(store, options.targets).catch((error: unknown) => {
    log.error({ code: codeOf(error) }, `previews do not learn what is asked of targets here: ${messageOf(error)}`);
  });
  const stopping = new AbortController();
  const told = {
    onWatchTrouble: observer?.onWatchTrouble ?? tellWatchTrouble({ log, clock }),
    onError: (key: string, error: unknown, retryInMs: number): void => {
      const level = codeOf(error) === 'Conflict' ? 'debug' : 'warn';
      observer?.onReconcileError(codeOf(error));
      log[level]({ key, code: codeOf(error), retryInMs }, messageOf(error));
    },
  };
  const monitors = watchForMonitors({ store, clock, random, network: options.network, ...told }, stopping.signal);
  const control = runControl(
    {
      store,
      instance,
      rules: options.targets,
      clock,
      random,
      journalOf: journals.open,
      onForgotten: journals.close,
      abandoned,
      ...options.schedules,
      ...(options.onNodeOutcome ? { onNodeOutcome: options.onNodeOutcome } : {}),
      ...(observer ? { onLeaseRenewal: observer.onLeaseRenewal } : {}),
      ...told,
    },
    stopping.signal,
  );
  const following = setInterval(journals.follow, samplesMs);
  return {
    store,
    instance,
    journals,
    offerToHost: (service, place) => {
      hostLink?.offer(service, place);
    },
    agentPid: () => agent.pid(),
    async stop() {
      const agentEnd = await agent.stop(30_000);
      closeSync(agentLog);
      stopping.abort();
      await Promise.all([control, monitors]);
      clearInterval(following);
      journals.closeAll();
      store.close();
      await hostLink?.close();
      await server.close();
      return { isUndone: agentEnd === 0 };
    },
  };
}

/** Kubernetes' own kinds are not ours to judge: the lab writes them. */
function validateOurs(object: { apiVersion: string }): string[] {
  return object.apiVersion === apiVersion ? validateObject(object) : [];
}
