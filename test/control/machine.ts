/** The reconcilers on a real embedded API server, with an agent that answers as a test tells it to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  apiVersion,
  type CheckResult,
  type JournalEntry,
  type NodeTask,
  type NodeTaskStatus,
  type ProbeStream,
  type SecondAggregate,
  servedKinds,
  systemNamespace,
  type TargetStatus,
} from '../../src/api/index.ts';
import { type ControlOptions, type ExperimentObject, experiments, nodeTasks, pods, runControl } from '../../src/control/index.ts';
import { startEmbeddedServer } from '../../src/embedded/index.ts';
import { codeOf, formatInstant, systemClock } from '../../src/lib/index.ts';
import { createJournal, type Journal } from '../../src/report/index.ts';
import { createStore, listWatch, type Store, type Stored, transportFor } from '../../src/store/index.ts';
import { pod } from './world.ts';

/** The spec of a run that is over after little more than a second, on a pod that every machine has. */
export const shortRun = {
  before: '0s',
  duration: '1s',
  after: '0s',
  fault: { targets: [{ kind: 'pod', namespace: 'shop', name: 'payments-0' }], configuration: { type: 'delay', value: '200ms' } },
};

/** What the agent makes of a fault's task; undefined is silence. */
export type Answer = (task: NodeTask) => Partial<TargetStatus> & { residue?: number };

export type Machine = {
  /** Its state folder, as commands know it: with the socket, and a folder for each run. */
  folder: string;
  store: Store;
  journal: JournalEntry[];
  /** What reconciles failed with. */
  errors: unknown[];
  /** Uids of runs that were forgotten. */
  forgotten: string[];
  answer: Answer;
  /** Tasks that the agent does not answer yet. */
  silent: (task: NodeTask) => boolean;
  /** What its agent finds of the checks of a task; undefined is that all is well. */
  found: (task: NodeTask) => CheckResult[] | undefined;
  /** While it is true no new run is to begin. */
  held: boolean;
  /** Creates the run and resolves with it when it is done. */
  run: (spec: unknown) => Promise<ExperimentObject>;
  create: (spec: unknown) => Promise<Stored<ExperimentObject>>;
  untilDone: (name: string) => Promise<ExperimentObject>;
  untilPhase: (name: string, phase: string) => Promise<ExperimentObject>;
  /** Lets the control process die without a word, and starts another on the same state. */
  restartControl: () => Promise<void>;
  stop: () => Promise<void>;
};

/** An agent that does what it is told at once. */
export const obedient: Answer = ({ spec }) => {
  const at = formatInstant(Date.now());
  const dose = {
    requested: { value: 200, unit: 'ms' as const },
    measured: { value: 200, low: 199, high: 201, unit: 'ms' as const },
    samples: 20,
    source: 'probe' as const,
    ok: true,
  };
  return spec.order === 'apply' ? { phase: 'Active', activeAt: at, dose } : { phase: 'Clean', cleanAt: at, undoneAt: at, dose };
};

/** @param options `controlled`: false leaves the reconcilers to the test; `between`: what they do goes through it to the store */
export async function startMachine(
  answer: Answer = obedient,
  {
    controlled = true,
    between = (store) => store,
    ...options
  }: Pick<ControlOptions, 'takeover' | 'rules' | 'onNodeOutcome'> & {
    controlled?: boolean;
    between?: (store: Store) => Store;
  } = {},
): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-control-'));
  const socket = join(folder, 'api.sock');
  const server = await startEmbeddedServer({
    database: join(folder, 'store.db'),
    socket,
    resources: servedKinds,
    clock: systemClock,
  });
  const store = createStore(transportFor({ socket }));
  const journal: JournalEntry[] = [];
  const agentStopping = new AbortController();
  for (const each of [pod('payments-0', 10, { app: 'payments' }), pod('checkout', 1)]) {
    const created = await store.create(pods, each);
    await store.updateStatus(pods, { ...created, status: each.status });
  }
  const files = new Map<string, Journal>();
  const fileOf = (run: string): Journal => {
    const file = join(folder, 'runs', run, 'journal.jsonl');
    const open = files.get(run) ?? createJournal({ file, run, clock: systemClock });
    files.set(run, open);
    return open;
  };
  function startControl(): { stop: () => Promise<void> } {
    if (!controlled) return { stop: () => Promise.resolve() };
    const stopping = new AbortController();
    const ended = runControl(
      {
        ...options,
        store: between(store),
        instance: '0123abcd',
        clock: systemClock,
        random: Math.random,
        journalOf: ({ uid }) => ({
          append: (entry) => {
            journal.push(entry);
            fileOf(uid).append(entry);
          },
        }),
        onForgotten: (uid) => machine.forgotten.push(uid),
        onError: (_key, error) => machine.errors.push(error),
        isHeld: () => machine.held,
      },
      stopping.signal,
    );
    return {
      stop: async () => {
        stopping.abort();
        await ended;
      },
    };
  }

  const machine: Machine = {
    folder,
    store,
    journal,
    errors: [],
    forgotten: [],
    answer,
    silent: () => false,
    found: () => undefined,
    held: false,
    create: async (spec) =>
      await store.create(experiments, {
        apiVersion,
        kind: 'NetworkExperiment',
        metadata: { name: 'run', namespace: 'shop' },
        spec,
      }),
    run: async (spec) => {
      await machine.create(spec);
      return await machine.untilDone('run');
    },
    untilDone: (name) => machine.untilPhase(name, 'done'),
    untilPhase: async (name, phase) => {
      for (;;) {
        const object = await store.get(experiments, { namespace: 'shop', name });
        if (object.status?.phase === phase) return object;
        await systemClock.sleep(20);
      }
    },
    restartControl: async () => {
      await control.stop();
      control = startControl();
    },
    stop: async () => {
      await control.stop();
      agentStopping.abort();
      await agent;
      store.close();
      await server.close();
      for (const file of files.values()) file.close();
      rmSync(folder, { recursive: true });
    },
  };
  let control = startControl();
  const agent = runScriptedAgent(machine, agentStopping.signal);
  return machine;
}

/** Answers every task in the store until the signal fires; `answer` and `silent` may change meanwhile. */
export async function runScriptedAgent(
  machine: Pick<Machine, 'store' | 'answer' | 'silent'> & Partial<Pick<Machine, 'found'>>,
  signal: AbortSignal,
): Promise<void> {
  const answerOne = async (task: Stored<NodeTask>): Promise<void> => {
    if (machine.silent(task)) return;
    const status = statusFor(task, machine.answer, machine.found?.(task));
    if (isDeepStrictEqual(essence(status), essence(task.status))) return;
    await machine.store.updateStatus(nodeTasks, { ...task, status }).catch((error: unknown) => {
      // Whatever it could not say now it says when it looks again.
      if (!['NotFound', 'Conflict', 'Unavailable'].includes(codeOf(error))) throw error;
    });
  };
  const handler = {
    change: (change: { type: string; object: Stored<NodeTask> }) => {
      if (change.type !== 'deleted') void answerOne(change.object);
    },
  };
  // What it was silent about, and what its probes have measured since.
  const again = setInterval(() => {
    void machine.store
      .list(nodeTasks, { namespace: systemNamespace })
      .then(({ items }) => Promise.all(items.map(answerOne)))
      .catch(() => undefined);
  }, 250);
  await listWatch(machine.store, nodeTasks, { namespace: systemNamespace }, handler, systemClock, Math.random, signal);
  clearInterval(again);
}

/** To be compared by value: an API server gives the fields of an object back in an order of its own. */
function essence(status: NodeTaskStatus | undefined): unknown[] {
  return [status?.targets.map(({ phase }) => phase), status?.aggregates, status?.checks?.length];
}

const netemActs: CheckResult = {
  check: { check: 'driver', ways: [] },
  ok: true,
  expected: '',
  found: 'driver netem',
  remedy: '',
  driver: 'netem',
};

function statusFor(task: NodeTask, answer: Answer, found: CheckResult[] = [netemActs]): NodeTaskStatus {
  const { status: before, spec } = task;
  const { residue = 0, ...target } = spec.work === 'fault' ? answer(task) : otherThanFault(task);
  const since = formatInstant(Date.now());
  const targets = spec.targets.map(({ podUid }) => ({ podUid, phase: 'Pending' as const, since, ...target }));
  const checks = spec.work === 'preflight' ? found : undefined;
  const aggregates = spec.probe ? aggregatesSince(before?.targets[0]?.activeAt, spec.probe.streams) : undefined;
  return {
    observedGeneration: spec.generation,
    targets,
    residue,
    kernel: '6.1.0-test',
    ...(checks ? { checks } : {}),
    ...(aggregates ? { aggregates } : {}),
  };
}

/** Probes run at once, until they are told to end. */
function otherThanFault({ spec, status }: NodeTask): Partial<TargetStatus> & { residue?: number } {
  if (spec.work === 'preflight' || spec.order === 'undo') return { phase: 'Clean' };
  return { phase: 'Active', activeAt: status?.targets[0]?.activeAt ?? formatInstant(Date.now()) };
}

/** Five answered probes a second of each stream; the newest 20 seconds, as an agent shows them. */
function aggregatesSince(activeAt: string | undefined, streams: readonly ProbeStream[]): Record<string, SecondAggregate[]> {
  const [from, to] = [Math.ceil(Date.parse(activeAt ?? '') / 1000), Math.floor(Date.now() / 1000)];
  const all = Array.from({ length: Number.isNaN(from) ? 0 : Math.max(0, to - from) }, (_, index): SecondAggregate => {
    const answered = { sumMs: 5, minMs: 1, maxMs: 1, stepSumMs: 0, steps: 0, buckets: { '346': 5 } };
    return { second: from + index, sent: 5, lost: 0, ...answered };
  });
  return Object.fromEntries(streams.map(({ id }) => [id, all.slice(-20)]));
}
