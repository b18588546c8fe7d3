import type { Logger } from 'pino';
import { systemNamespace, type TickRecord } from '../../api/index.ts';
import {
  type ControlOptions,
  entriesOfStatus,
  type ExperimentObject,
  runControl,
  type TargetRules,
} from '../../control/index.ts';
import { type Clock, codeOf, messageOf } from '../../lib/index.ts';
import { followStore, type Metrics, readProcessUsage, type StoreView, tellWatchTrouble } from '../../server/index.ts';
import { type Store, type Stored, storeUntil, type WatchTrouble } from '../../store/index.ts';
import { createMemoryJournals, type MemoryJournals } from '../memory-journals.ts';
import { reportAnnotation, storeReport } from '../run-report.ts';
import { createEventRecorder } from './event-recorder.ts';
import { leadWhenElected } from './lead.ts';
import type { OperatorFacts } from './operator-readiness.ts';
import { operatorLease, operatorRules, tellTargets } from './rules.ts';
import { tellElection } from './tell-election.ts';
import { eventOfNodeOutcome } from './validator-events.ts';

export type OperatorOptions = {
  store: Store;
  /** See `clusterInstance`. */
  instance: string;
  /** Of this process alone. */
  identity: string;
  /** Where the election's Lease is. @default squall-system */
  namespace?: string;
  leaseSeconds: number;
  /** Whom no run may hurt, and how much at most. @default see `operatorRules` */
  targets?: TargetRules;
  clock: Clock;
  random: () => number;
  log: Logger;
  metrics: Metrics;
  /** See `ControlOptions`. */
  heartbeat: NonNullable<ControlOptions['heartbeat']>;
  /** Where what happens to runs is kept until it is reported. @default in memory, anew each time that this operator leads */
  journals?: MemoryJournals;
};

export type Operator = {
  facts(): OperatorFacts;
  /** Resolves once the signal has fired and everything has ended; rejects when the reconcilers do. */
  ended: Promise<void>;
};

/**
 * Stands for election until the signal fires, and runs every reconciler while it leads. What it does not finish, the next leader goes on
 * with; what nobody goes on with ends by its lease.
 */
export function startOperator(options: OperatorOptions, signal: AbortSignal): Operator {
  const { store, identity, namespace = systemNamespace, leaseSeconds, targets, clock, random, log, metrics } = options;
  let contactAt = clock.monotonic();
  let leading: { view: StoreView } | undefined;
  const trouble = tellWatchTrouble({ log, clock, metrics });

  async function lead(acting: AbortSignal): Promise<void> {
    const view = followStore(storeUntil(store, acting), clock, random, acting, trouble);
    leading = { view };
    metrics.readFrom({ levels: view.levels, usage });
    view.countInto(metrics).catch((error: unknown) => {
      if (!acting.aborted) log.error({ err: error }, 'runs are not counted');
    });
    try {
      await runReconcilers(options, trouble, acting);
    } finally {
      leading = undefined;
      metrics.readFrom({ levels: noLevels, usage });
    }
  }

  metrics.readFrom({ levels: noLevels, usage });
  const ended = leadWhenElected(
    {
      store,
      key: { namespace, name: operatorLease.name },
      identity,
      leaseSeconds,
      annotations: tellTargets(targets),
      clock,
      random,
      lead,
      ...tellElection(log, { following: 'another operator leads', leading: 'the reconcilers run here' }),
      onContact: () => {
        contactAt = clock.monotonic();
      },
    },
    signal,
  );
  return {
    facts: () => ({
      silentMs: clock.monotonic() - contactAt,
      leaseSeconds,
      storeRead: leading === undefined || leading.view.synced(),
    }),
    ended,
  };
}

async function runReconcilers(options: OperatorOptions, onWatchTrouble: WatchTrouble, acting: AbortSignal): Promise<void> {
  const { instance, leaseSeconds, targets, clock, random, log, metrics, heartbeat } = options;
  const store = storeUntil(options.store, acting);
  const journals = options.journals ?? createMemoryJournals(clock);
  const recorder = createEventRecorder({
    store,
    identity: options.identity,
    clock,
    signal: acting,
    onError: (event, error) => {
      if (!acting.aborted) log.warn({ event, code: codeOf(error) }, `an event could not be recorded: ${messageOf(error)}`);
    },
  });
  const control = runControl(
    {
      store,
      instance,
      clock,
      random,
      takeover: 'continue',
      recordsKernels: true,
      rules: operatorRules(leaseSeconds, targets),
      journalOf: (run) => recorder.following(journals.open(run)),
      onDone: (run) => reportOnce(store, journals, log, run),
      onForgotten: journals.drop,
      heartbeat,
      onTick: (record) => {
        tellTick(log, metrics, record);
      },
      onNodeOutcome: (change) => {
        recorder.add(eventOfNodeOutcome(change));
      },
      onWatchTrouble,
      onLeaseRenewal: (result) => {
        metrics.leaseRenewed('run', result);
      },
      onError: (key, error, retryInMs) => {
        if (acting.aborted) return;
        metrics.reconcileFailed(codeOf(error));
        log[codeOf(error) === 'Conflict' ? 'debug' : 'warn']({ key, code: codeOf(error), retryInMs }, messageOf(error));
      },
    },
    acting,
  );
  await control.catch((error: unknown) => {
    // Stopped before everything was read: nothing was begun.
    if (!acting.aborted) throw error;
  });
}

/** Of a run that another operator finished and did not report, only its status is left to report from. */
async function reportOnce(store: Store, journals: MemoryJournals, log: Logger, run: Stored<ExperimentObject>): Promise<void> {
  const { uid, namespace = 'default', name, annotations } = run.metadata;
  if (annotations?.[reportAnnotation] === undefined) {
    let records = journals.records(uid);
    if (!records?.some(({ type }) => type === 'verdict')) {
      journals.drop(uid);
      const journal = journals.open(run.metadata);
      for (const entry of entriesOfStatus(run)) journal.append(entry);
      journal.append({
        type: 'warning',
        message: 'the operator that ran this has left no journal: this is what the status says',
      });
      records = journals.records(uid) ?? [];
    }
    await storeReport(store, run, records);
    const { verdict, reason, residue } = run.status ?? {};
    log.info({ run: uid, verdict, reason, residue }, `${namespace}/${name}: ${verdict ?? ''} (${reason ?? ''})`);
  }
  journals.drop(uid);
}

function tellTick(log: Logger, metrics: Metrics, record: TickRecord): void {
  metrics.tick(record);
  const { time: _, schedule, ...facts } = record;
  log[record.outcome === 'Started' ? 'info' : 'warn'](facts, `tick of ${schedule.namespace}/${schedule.name}`);
}

function usage(): ReturnType<Parameters<Metrics['readFrom']>[0]['usage']> {
  const own = readProcessUsage(process.pid);
  return own ? [{ process: 'control', ...own }] : [];
}

/** Of whoever does not lead: the leader counts. */
function noLevels(): ReturnType<StoreView['levels']> {
  return { runsByPhase: {}, activeFaultsByNode: {}, residueByNode: {}, schedules: [], checks: [] };
}
