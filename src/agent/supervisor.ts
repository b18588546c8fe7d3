import type { NodeTask, NodeTaskStatus } from '../api/index.ts';
import { formatInstant, messageOf } from '../lib/index.ts';
import type { Cache } from '../store/index.ts';
import type { AgentContext, EndReason, StoredTask, TaskWork } from './context.ts';
import { startEnforceWork } from './enforce-work.ts';
import { startFaultWork } from './fault-work.ts';
import { afterRestart } from './phases.ts';
import { startPreflightWork } from './preflight-work.ts';
import { startProbeWork } from './probe-work.ts';
import { createStatusWriter, writeLast } from './status-writer.ts';
import type { Sweep } from './sweep.ts';
import { isAborted, unlessAborted } from './timing.ts';

/** What is being done about every task of this node. */
export type Supervisor = {
  /** Ends everything and resolves when it is undone. */
  end(reason: EndReason): Promise<void>;
  /** How many pieces of work are not done. */
  running(): number;
  /** What the undo of work whose task has gone could not remove yet: no status says it. */
  residue(): number;
};

/** @param forget called once a task is gone and its work is done */
export function superviseTasks(context: AgentContext, cache: Cache<NodeTask>, sweep: Sweep, forget: () => void): Supervisor {
  // One entry for each object that exists, also when its work is done: it must not be begun again.
  const works = new Map<string, { uid: string; work: TaskWork }>();
  const unfinished = new Map<string, Promise<void>>();
  /** Work whose task has been deleted, until it is done. */
  const orphans = new Set<TaskWork>();
  let running = 0;
  let ending: EndReason | undefined;

  function begin(task: StoredTask): void {
    const { name, uid } = task.metadata;
    // A task that was made again under the same name may use the same names in the kernel.
    const before = unfinished.get(name) ?? Promise.resolve();
    const work = deferWork(before, () => startWork(context, task, sweep));
    works.set(name, { uid, work });
    running += 1;
    const done = work.done
      .catch((error: unknown) => {
        context.log('error', 'task could not be begun', { task: name, error: messageOf(error) });
      })
      .finally(() => {
        running -= 1;
        if (unfinished.get(name) === done) unfinished.delete(name);
      });
    unfinished.set(name, done);
  }

  cache.onChange(({ name }, change) => {
    const known = works.get(name);
    if (change.type === 'deleted') {
      works.delete(name);
      known?.work.end('TaskDeleted');
      if (known) orphans.add(known.work);
      void (unfinished.get(name) ?? Promise.resolve()).then(() => {
        if (known) orphans.delete(known.work);
        if (!works.has(name)) forget();
      });
    } else if (known?.uid === change.object.metadata.uid) known.work.update(change.object);
    else if (ending === undefined && isOurs(context, change.object)) begin(change.object);
  });

  return {
    end: async (reason) => {
      ending = reason;
      for (const { work } of works.values()) work.end(reason);
      await Promise.all(unfinished.values());
    },
    running: () => running,
    residue: () => [...orphans].reduce((sum, { residue }) => sum + (residue?.() ?? 0), 0),
  };
}

function isOurs({ node, instance, log }: AgentContext, task: StoredTask): boolean {
  const { spec } = task;
  if (spec.node === node && spec.instance === instance) return true;
  log('warn', 'task is not for this agent', { task: task.metadata.name, node: spec.node, instance: spec.instance });
  return false;
}

/** Starts when what came before is done; what happens meanwhile is handed on in order. */
function deferWork(before: Promise<void>, start: () => TaskWork): TaskWork {
  let work: TaskWork | undefined;
  const missed: ((started: TaskWork) => void)[] = [];
  const then = (act: (started: TaskWork) => void) => {
    if (work === undefined) missed.push(act);
    else act(work);
  };
  const done = before.then(async () => {
    work = start();
    for (const act of missed) act(work);
    await work.done;
  });
  return {
    update: (task) => {
      then((started) => {
        started.update(task);
      });
    },
    end: (reason) => {
      then((started) => {
        started.end(reason);
      });
    },
    residue: () => work?.residue?.() ?? 0,
    done,
  };
}

function startWork(context: AgentContext, task: StoredTask, sweep: Sweep): TaskWork {
  const { spec, status } = task;
  const restarted = afterRestart(status, formatInstant(context.clock.now()));
  if (restarted !== undefined && status !== undefined) {
    return restarted.every((target, index) => target === status.targets[index]) && status.residue === 0
      ? nothingToDo
      : reportRestart(context, task, { ...status, targets: restarted }, sweep);
  }
  if (Number.isNaN(Date.parse(spec.notAfter)))
    return refuseTask(context, task, `notAfter '${spec.notAfter}' is no RFC 3339 instant`);
  if (spec.work === 'fault' && spec.fault !== undefined) return startFaultWork(context, task, spec.fault);
  if (spec.work === 'probe' && spec.probe !== undefined) return startProbeWork(context, task, spec.probe.streams);
  if (spec.work === 'enforce' && spec.sysctls !== undefined) return startEnforceWork(context, task);
  if (spec.work === 'preflight' && spec.checks !== undefined) return startPreflightWork(context, task, spec.checks);
  return refuseTask(context, task, `a ${spec.work} task without its part of the spec`);
}

const nothingToDo: TaskWork = { update: () => undefined, end: () => undefined, done: Promise.resolve() };

/** Says what the sweep made of a task that a former life of this agent had begun, until its residue is 0. */
function reportRestart(context: AgentContext, task: StoredTask, base: NodeTaskStatus, sweep: Sweep): TaskWork {
  const isFault = task.spec.work === 'fault';
  return writeOnly(context, task, sweep, () => ({
    ...base,
    residue: isFault ? sweep.residue() : 0,
    // Not Clean before it is: only a sweep that left nothing proves it.
    targets: isFault && sweep.residue() > 0 ? (task.status?.targets ?? []) : base.targets,
  }));
}

function refuseTask(context: AgentContext, task: StoredTask, message: string): TaskWork {
  const since = formatInstant(context.clock.now());
  context.log('error', message, { task: task.metadata.name });
  const targets = task.spec.targets.map(({ podUid }) => ({
    podUid,
    phase: 'Refused' as const,
    reason: 'InvalidInput',
    message,
    since,
  }));
  const { generation } = task.spec;
  return writeOnly(context, task, undefined, () => ({ observedGeneration: generation, targets, residue: 0 }));
}

function writeOnly(context: AgentContext, task: StoredTask, sweep: Sweep | undefined, status: () => NodeTaskStatus): TaskWork {
  const writing = new AbortController();
  const writer = createStatusWriter(context, task, { status }, writing.signal);
  const write = async () => {
    await writeLast(context, writer);
    if (sweep !== undefined && sweep.residue() > 0) {
      // What is left may stay for ever; whoever ends the agent must not wait for it.
      await unlessAborted(sweep.clean, writing.signal);
      if (!isAborted(writing.signal)) await writeLast(context, writer);
    }
  };
  const done = write()
    .catch((error: unknown) => {
      context.log('error', 'status not written', { task: task.metadata.name, error: messageOf(error) });
    })
    .finally(() => {
      writing.abort();
    });
  return {
    update: writer.seen,
    end: () => {
      writing.abort();
    },
    done,
  };
}
