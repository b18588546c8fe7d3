/** One round: a run, a kill in the middle of it, a new start, and everything that must hold afterwards. */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { experiments } from '../../src/control/index.ts';
import { messageOf, runProgram } from '../../src/lib/index.ts';
import { differences, type KernelState, readKernelState } from './foreign-state.ts';
import type { TortureFault } from './fault-of-kernel.ts';
import type { Instance, LabPod } from './instance.ts';
import type { Kill } from './kill-plan.ts';
import { isAlive, processIn } from './processes.ts';
import type { KillRecord } from './record.ts';
import { createRun, leaseMs, phaseOf, readJournalOf, type Run, untilDone, untilPhase } from './run-under-torture.ts';
import type { Watcher } from './watcher.ts';

const phaseLimitMs = 120_000;
const doneLimitMs = 180_000;
/** The contract: the kernel alone makes traffic clean within lease + 1 s. */
const cleanWithinMs = leaseMs + 1000;
/** Phases in which a fault may be in the kernel, or has been. */
const touchedPhases: readonly string[] = ['inject', 'during', 'update', 'undo', 'after'];
/** Then nobody's lease ends: nothing is killed that holds one. */
const ofTheTarget: readonly string[] = ['target', 'namespace'];

export type Scene = {
  instance: Instance;
  namespace: string;
  target: LabPod;
  fault: TortureFault;
  watcher: Watcher;
  untouched: KernelState;
};

export async function playRound(scene: Scene, kill: Kill, instanceNumber: number): Promise<KillRecord> {
  const began = Date.now();
  const record: KillRecord = {
    type: 'kill',
    ...kill,
    instance: instanceNumber,
    met: 'none',
    killedAt: '',
    faultSeen: false,
    tookMs: 0,
    problems: [],
  };
  try {
    await play(scene, kill, record);
  } catch (error) {
    record.problems.push(`${messageOf(error)}; serve said: ${scene.instance.lastWords()}`);
  }
  return { ...record, tookMs: Date.now() - began };
}

async function play(scene: Scene, kill: Kill, record: KillRecord): Promise<void> {
  const { instance, namespace, target, fault, watcher } = scene;
  const createdAt = Date.now();
  const name = `round-${String(kill.number)}`;
  const run = await createRun(instance, { name, namespace, target, fault, durationSeconds: kill.durationSeconds });
  await untilPhase(instance, run, kill.phase === 'update' ? 'during' : kill.phase, phaseLimitMs);
  if (kill.phase === 'update') await untilChanging(instance, kill.durationSeconds * 1000);
  await sleep(kill.afterMs);
  const formerAgent = instance.agent();
  const met = phaseOf(readJournalOf(instance, run));
  record.met = met === 'during' && instance.isChanging() ? 'update' : met;
  const killedAt = Date.now();
  record.killedAt = new Date(killedAt).toISOString();
  await killVictims(scene, kill, formerAgent?.pid);
  if (kill.victim === 'both') {
    await sleep(cleanWithinMs + fault.delayMs + 500);
    if (watcher.between(killedAt + cleanWithinMs, Date.now()).length === 0)
      record.problems.push('no traffic passed while nobody was alive');
  }
  if (kill.victim === 'control' || kill.victim === 'both') {
    const startedAt = Date.now();
    await instance.start();
    record.answeredMs = Date.now() - startedAt;
  }
  if (!ofTheTarget.includes(kill.victim)) await expectSwept(scene, kill, record, formerAgent?.pid);
  const done = await untilDone(instance, run, namespace, doneLimitMs);
  record.verdict = done?.status?.verdict;
  record.reason = done?.status?.reason;
  record.problems.push(...(await findProblems(scene, kill, record, run)));
  record.faultSeen = fault.hurtBetween(watcher, createdAt, killedAt).length > 0;
  const lastHurt = fault.hurtBetween(watcher, killedAt, Date.now()).at(-1);
  if (lastHurt !== undefined) record.lastHurtMs = Math.round(lastHurt - killedAt);
  // A run that had not hurt anybody may go on after its agent is back; the pod's own process is nobody's lease.
  const mustBeClean = !ofTheTarget.includes(kill.victim) && touchedPhases.includes(record.met);
  if (mustBeClean && (record.lastHurtMs ?? 0) > cleanWithinMs) {
    record.problems.push(`a packet was hurt ${String(record.lastHurtMs)} ms after the kill`);
  }
  await instance.store.delete(experiments, { namespace, name });
}

async function killVictims({ instance, target, watcher }: Scene, { victim }: Kill, agent: number | undefined): Promise<void> {
  const control = instance.control();
  const targetProcess = processIn(statSync(`/run/netns/${target.networkNamespace}`).ino, 'sleep');
  const pids = {
    agent: [agent],
    control: [control],
    both: [control, agent],
    target: [targetProcess],
    namespace: [targetProcess],
  }[victim];
  // A namespace lives as long as somebody is in it, or has its name.
  if (victim === 'namespace') {
    await watcher.stop();
    const { code, stderr } = await runProgram('ip', ['netns', 'del', target.networkNamespace]);
    if (code !== 0) throw new Error(`the network namespace was not deleted: ${stderr}`);
  }
  for (const pid of pids) {
    if (pid === undefined) throw new Error(`no process to kill for ${victim}`);
    process.kill(pid, 'SIGKILL');
  }
}

/** Until one version of the fault takes the place of another, or for so long. */
async function untilChanging(instance: Instance, limitMs: number): Promise<void> {
  const until = Date.now() + limitMs;
  while (!instance.isChanging() && Date.now() < until) await sleep(2);
}

/** The agent's next process reports that nothing of its former life is left; after a kill of serve the kernel says so too. How long that took is recorded. */
async function expectSwept(scene: Scene, kill: Kill, record: KillRecord, formerAgent: number | undefined): Promise<void> {
  const { instance, target, untouched } = scene;
  let formerEndedAt = 0;
  const until = Date.now() + phaseLimitMs;
  while (Date.now() < until) {
    await sleep(100);
    if (formerAgent !== undefined && isAlive(formerAgent)) formerEndedAt = Date.now();
    const agent = instance.agent();
    const swept = agent === undefined ? undefined : instance.swept(agent.startedAt);
    if (agent === undefined || agent.pid === formerAgent || swept === undefined) continue;
    record.sweptMs = Math.round(swept.at - Math.max(agent.startedAt, formerEndedAt));
    // After the agent alone was killed its run may have gone on, and hurt the target again.
    if (kill.victim !== 'agent') record.problems.push(...differences(untouched, await readKernelState(target.networkNamespace)));
    return;
  }
  record.problems.push('the agent was not started again, or did not report a sweep with residue 0');
}

async function findProblems(scene: Scene, kill: Kill, record: KillRecord, run: Run): Promise<string[]> {
  const { instance, target, untouched } = scene;
  const isGone = kill.victim === 'namespace';
  const problems = isGone ? [] : differences(untouched, await readKernelState(target.networkNamespace));
  const { verdict, reason, met } = record;
  if (verdict === undefined) return [...problems, `the run had no verdict after ${String(doneLimitMs)} ms`];
  const how = `${verdict} (${reason ?? 'no reason'})`;
  const restarted = kill.victim === 'control' || kill.victim === 'both';
  // What had ended the fault before the kill stays the reason.
  const mayBe = ['undo', 'after'].includes(met) ? ['Restarted', 'LeaseExpired'] : ['Restarted'];
  if (restarted && met !== 'done' && !(verdict === 'Aborted' && mayBe.includes(reason ?? ''))) {
    problems.push(`the run that was cut off in ${met} is ${how}, not Aborted (${mayBe.join(' or ')})`);
  }
  if (kill.victim === 'agent' && ['inject', 'during', 'update'].includes(met) && verdict !== 'Aborted') {
    problems.push(`the run whose agent was killed in ${met} is ${how}, not Aborted`);
  }
  if (verdict === 'Errored') problems.push(`the run is ${how}`);
  if (instance.ledger().length > 0) problems.push(`the ledger still has ${instance.ledger().join(', ')}`);
  const records = readJournalOf(instance, run);
  const verdicts = records.filter((entry) => entry.type === 'verdict');
  const injections = records.filter((entry) => entry.type === 'phase' && entry.phase === 'inject');
  if (verdicts.length === 0) problems.push('the journal has no verdict');
  // A record is written before the state that it tells of: a kill of serve in between lets it be written twice, but never acts again.
  if (!restarted && verdicts.length > 1) problems.push('the journal has more than one verdict');
  if (!restarted && injections.length > 1) problems.push('the run injected twice');
  if (restarted && injections.some(({ time }) => Date.parse(time) > Date.parse(record.killedAt))) {
    problems.push('the run that was cut off injected after the new start');
  }
  return problems;
}
