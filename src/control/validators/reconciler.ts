import { isDeepStrictEqual } from 'node:util';
import {
  type ModulesValidator,
  type NodeTask,
  type NodeOutcome,
  readSpec,
  type ValidatedNode,
  type ValidationRound,
  type ValidatorStatus,
} from '../../api/index.ts';
import { type Clock, codeOf, messageOf, SquallError } from '../../lib/index.ts';
import type { Cache, Store, Stored } from '../../store/index.ts';
import { nodeTasks, type ValidatorObject, validators } from '../resources.ts';
import { deleteTasks } from '../task-writer.ts';
import type { ReconcileResult } from '../work-queue.ts';
import type { Node } from '../world.ts';
import { writeStatus } from '../write-status.ts';
import { decideStep, selectNodes } from './decide.ts';
import { type Answer, statusAtBegin, statusAtEnd, type StatusFacts, unreadableStatus } from './status.ts';
import { enforceTask, enforceTaskName, roundTask, roundTaskName } from './tasks.ts';

/** A node's outcome has changed, or is the first; of a node that is there. */
export type NodeOutcomeChange = {
  validator: { name: string; uid: string };
  round: number;
  node: ValidatedNode;
  nodeUid: string;
  before?: NodeOutcome;
};

export type ValidatorReconcilerOptions = {
  store: Store;
  nodes: Cache<Node>;
  /** Those of validators. */
  tasks: Cache<NodeTask>;
  instance: string;
  clock: Clock;
  /** Told once the change is in the store. @default nobody */
  onNodeOutcome?: (change: NodeOutcomeChange) => void;
};

/** A node whose agent says nothing for so long is Unknown. */
export const answerWithinMs = 60_000;

/**
 * Has every node of a validator looked at when that is due: gather, decide, write what was decided, then order it by NodeTasks.
 * Idempotent; the status's one writer.
 */
export function createValidatorReconciler(options: ValidatorReconcilerOptions): (name: string) => Promise<ReconcileResult> {
  const { store, clock } = options;
  return async (name) => {
    // What a cache shows may lag behind what this process wrote last.
    const object = await store.get(validators, { name }).catch(noneIfGone);
    const tasks = options.tasks.list().filter(({ spec }) => spec.run.name === name);
    if (object === undefined) {
      await deleteTasks(store, tasks);
      return {};
    }
    const { generation = 1 } = object.metadata;
    let validator: ModulesValidator;
    try {
      validator = readSpec('NetworkModulesValidator', object.spec);
    } catch (error) {
      if (codeOf(error) !== 'InvalidInput') throw error;
      await deleteTasks(store, tasks);
      const isTold = object.status?.observedGeneration === generation && object.status.round === undefined;
      if (!isTold) await write(object, unreadableStatus(object.status, generation, messageOf(error), clock.now()));
      return {};
    }
    const selected = selectNodes(validator, options.nodes.list());
    await deleteTasks(
      store,
      tasks.filter(({ metadata }) => !isWanted(object, validator, selected, metadata.name)),
    );
    const facts = { generation, validator, before: object.status, selected, now: clock.now(), notSet: notSetIn(tasks) };
    return await advance(object, facts, tasks);
  };

  async function advance(
    object: Stored<ValidatorObject>,
    facts: StatusFacts,
    tasks: readonly Stored<NodeTask>[],
  ): Promise<ReconcileResult> {
    const next = decideStep({ ...facts, status: facts.before });
    switch (next.step) {
      case 'begin': {
        const status = statusAtBegin(facts, next.nodes, next.isWhole);
        const begun = await write(object, status);
        if (begun.status?.round === undefined) {
          const remedy = 'bring the definitions of the cluster up to date with the operator';
          throw new SquallError('Internal', `the server does not keep the round that was begun in the status; ${remedy}`);
        }
        return await advance(begun, { ...facts, before: begun.status }, []);
      }
      case 'collect':
        return facts.before?.round === undefined ? {} : await collect(object, facts, facts.before.round, tasks);
      case 'forget':
        await write(object, statusAtEnd(facts, new Map()));
        return { requeueAfterMs: 0 };
      case 'wait':
        return next.milliseconds === undefined ? {} : { requeueAfterMs: next.milliseconds };
    }
  }

  async function collect(
    object: Stored<ValidatorObject>,
    facts: StatusFacts,
    round: ValidationRound,
    tasks: readonly Stored<NodeTask>[],
  ): Promise<ReconcileResult> {
    const { uid, name } = object.metadata;
    const { validator } = facts;
    const owner = { uid, name, instance: options.instance };
    const byName = new Map(tasks.map((task) => [task.metadata.name, task]));
    const there = new Set(options.nodes.list().map(({ metadata }) => metadata.name));
    const elapsedMs = facts.now - Date.parse(round.startedAt);
    const isLate = elapsedMs >= answerWithinMs || elapsedMs < 0;
    const answers = new Map<string, Answer>();
    for (const node of round.nodes) {
      const task = byName.get(roundTaskName(uid, round.number, node));
      const answer = there.has(node) ? answerOf(task, isLate) : ({ answer: 'no node' } as const);
      if (answer !== undefined) answers.set(node, answer);
      // What is enforced is set before it is looked at.
      else if (validator.enforce && !(await isSet(enforceTask(owner, validator, round, node), byName))) continue;
      else if (task === undefined) await order(roundTask(owner, validator, round, node));
    }
    if (answers.size < round.nodes.length) return { requeueAfterMs: Math.max(0, answerWithinMs - elapsedMs) };
    const status = statusAtEnd(facts, answers);
    await write(object, status);
    tellChanges(object, facts.before, status, round);
    // The tasks of the round go at the next look, which the status's own change asks for; a period is waited for from there.
    return { requeueAfterMs: 0 };
  }

  /** Orders a round's setting where that was not done yet. */
  async function isSet(wanted: NodeTask, tasks: ReadonlyMap<string, Stored<NodeTask>>): Promise<boolean> {
    const task = tasks.get(wanted.metadata.name);
    if (task === undefined) await order(wanted);
    else if (task.spec.generation !== wanted.spec.generation) await store.update(nodeTasks, { ...task, spec: wanted.spec });
    return task?.status?.observedGeneration === wanted.spec.generation;
  }

  async function order(task: NodeTask): Promise<void> {
    await store.create(nodeTasks, task).catch((error: unknown) => {
      // The cache lags behind a creation of ours; the next look finds it.
      if (codeOf(error) !== 'AlreadyExists') throw error;
    });
  }

  async function write(object: Stored<ValidatorObject>, status: ValidatorStatus): Promise<Stored<ValidatorObject>> {
    if (isDeepStrictEqual(status, object.status)) return object;
    return (await writeStatus(store, validators, object, status)).object;
  }

  function tellChanges(
    { metadata: { name, uid } }: Stored<ValidatorObject>,
    before: ValidatorStatus | undefined,
    { nodes }: ValidatorStatus,
    { number }: ValidationRound,
  ): void {
    const earlier = new Map(before?.nodes.map(({ node, outcome }) => [node, outcome]));
    for (const node of nodes) {
      const was = earlier.get(node.node);
      const nodeUid = options.nodes.get({ name: node.node })?.metadata.uid;
      if (was === node.outcome || nodeUid === undefined) continue;
      const change = { validator: { name, uid }, round: number, node, nodeUid };
      options.onNodeOutcome?.({ ...change, ...(was === undefined ? {} : { before: was }) });
    }
  }
}

function notSetIn(tasks: readonly NodeTask[]): StatusFacts['notSet'] {
  const enforcing = tasks.filter(({ spec }) => spec.work === 'enforce');
  return enforcing.flatMap(({ spec: { node }, status }) =>
    (status?.checks ?? []).filter(({ ok }) => !ok).map((check) => ({ node, ...check })),
  );
}

/** Whether a task of that name is still to be there: of the round under way, or what keeps sysctls set. */
function isWanted(
  { metadata: { uid }, status }: Stored<ValidatorObject>,
  { enforce }: ModulesValidator,
  selected: readonly string[],
  task: string,
): boolean {
  const { round } = status ?? {};
  if (round?.nodes.some((node) => roundTaskName(uid, round.number, node) === task) === true) return true;
  return enforce && selected.some((node) => enforceTaskName(uid, node) === task);
}

function answerOf(task: NodeTask | undefined, isLate: boolean): Answer | undefined {
  const { checks, kernel } = task?.status ?? {};
  if (checks !== undefined) return { answer: 'checks', checks, ...(kernel === undefined ? {} : { kernel }) };
  return isLate ? { answer: 'silence' } : undefined;
}

function noneIfGone(error: unknown): undefined {
  if (codeOf(error) !== 'NotFound') throw error;
  return undefined;
}
