import type { CheckResult, NodeTaskStatus } from '../api/index.ts';
import { backoff, messageOf } from '../lib/index.ts';
import type { AgentContext, EndReason, StoredTask, TaskWork } from './context.ts';
import { createStatusWriter, writeLast } from './status-writer.ts';
import { isAborted, pause } from './timing.ts';

const betweenTries = { first: 1000, most: 60_000 };

/**
 * Keeps the sysctls of one validator set: once for each generation of the task. Its end by order sets them back; that of the agent does not,
 * since whoever is started next goes on, or sets back what nobody wants any more.
 */
export function startEnforceWork(context: AgentContext, first: StoredTask): TaskWork {
  const { enforcer, log, clock, random } = context;
  const owner = first.spec.run.uid;
  const ending = new AbortController();
  let newest = first;
  let why: EndReason | undefined;
  let changed = Promise.withResolvers<undefined>();
  let applied: { generation: number; checks: CheckResult[] } = { generation: 0, checks: [] };
  let residue = 0;
  const writing = new AbortController();
  const status = (): NodeTaskStatus => ({
    observedGeneration: applied.generation,
    targets: [],
    checks: applied.checks,
    residue,
    kernel: context.kernelRelease,
  });
  const end = (reason: EndReason) => {
    why ??= reason;
    ending.abort();
    changed.resolve(undefined);
  };
  const update = (task: StoredTask) => {
    newest = task;
    writer.seen(task);
    if (task.spec.order === 'undo') end('Ordered');
    changed.resolve(undefined);
  };
  const writer = createStatusWriter(context, first, { status, reread: update }, writing.signal);

  async function run(): Promise<void> {
    if (first.spec.order === 'undo') end('Ordered');
    while (!isAborted(ending.signal)) {
      const { generation, sysctls = [] } = newest.spec;
      if (generation === applied.generation) {
        changed = Promise.withResolvers();
        await changed.promise;
        continue;
      }
      applied = { generation, checks: await enforcer.apply(owner, sysctls) };
      writer.request();
    }
    if (why === 'AgentStopped') {
      log('warn', "sysctls stay set while no agent runs; 'squall clean' sets them back", { validator: first.spec.run.name });
      return;
    }
    for (let attempt = 0; !isAborted(context.stopping); attempt += 1) {
      residue = await enforcer.release(owner).catch((error: unknown) => {
        log('error', 'sysctls not set back', { validator: first.spec.run.name, error: messageOf(error) });
        return Math.max(1, residue);
      });
      if (residue === 0) break;
      await pause(clock, backoff(attempt, random(), betweenTries), context.stopping);
    }
    if (why !== 'TaskDeleted') await writeLast(context, writer);
  }

  const done = run()
    .catch((error: unknown) => {
      log('error', 'enforcing sysctls failed', { task: first.metadata.name, error: messageOf(error) });
    })
    .finally(() => {
      writing.abort();
    });
  return { update, end, residue: () => residue, done };
}
