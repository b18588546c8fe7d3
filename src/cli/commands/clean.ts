import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import {
  claimState,
  createEnforcer,
  createKernelDriver,
  type Leftover,
  listLeftovers,
  listNamespaces,
  type Log,
  ownPlace,
  removeLeftover,
} from '../../agent/index.ts';
import { codeOf, errorFacts, messageOf, SquallError, systemClock } from '../../lib/index.ts';
import { untilClean } from '../operate/clean-by-squall.ts';
import { connectToServe } from '../operate/connect.ts';
import { defaultStateFolder, instanceId } from '../state.ts';
import { lockState } from '../state-lock.ts';

type CleanOptions = { all?: true; state: string };

/** An agent that has lost its server takes this long to undo and end. */
const agentEndsWithinMs = 20_000;

/** The agent of a squall that runs says every 10 s what is left, and has so long to undo it. */
const undoneWithinMs = 30_000;

/** Exit code 0 when nothing is left that nobody looks after, else 5; 7 when somebody works on the state folder and does not answer. */
export function cleanCommand(): Command {
  return new Command('clean')
    .description("remove what was left in this machine's kernel")
    .option('--all', 'what any instance has left in any network namespace, once its agent is gone')
    .option('--state <dir>', 'state folder whose instance is cleaned up after', defaultStateFolder())
    .action(async ({ all, state }: CleanOptions) => {
      if (process.getuid?.() !== 0) {
        throw new SquallError('PermissionDenied', 'changing networks needs root; run as root (sudo)');
      }
      const residue = all === true ? await cleanAll(resolve(state)) : await cleanInstance(resolve(state));
      say(`residue ${String(residue)}`);
      process.exitCode = residue === 0 ? 0 : errorFacts('CleanUpIncomplete').exit;
    });
}

/** Returns how many things are left. */
async function cleanInstance(stateFolder: string): Promise<number> {
  if (!existsSync(join(stateFolder, 'instance'))) {
    const remedy = 'name the folder with --state, or use --all, which needs none';
    throw new SquallError('NotFound', `nothing was ever started on the state folder ${stateFolder}; ${remedy}`);
  }
  const locked = lockUnlessUsed(stateFolder);
  if (locked === undefined) return await cleanBySquall(stateFolder);
  using _locked = locked;
  const giveBack = await claimState(stateFolder, systemClock, agentEndsWithinMs);
  try {
    const instance = instanceId(stateFolder);
    const driver = await createKernelDriver({ stateFolder, instance, clock: systemClock });
    const { removed, residue } = await driver.sweep();
    for (const text of removed) say(`undone ${text}`);
    return residue + (await setSysctlsBack(stateFolder));
  } finally {
    giveBack();
  }
}

/** Returns how many could not be; one more where the ledger itself cannot be used here. */
async function setSysctlsBack(stateFolder: string): Promise<number> {
  const tell: Log = (_level, message, facts) => {
    say(`${message} ${Object.values(facts ?? {}).join(' ')}`);
  };
  return await createEnforcer(stateFolder, ownPlace, tell)
    .retain(() => false)
    .catch((error: unknown) => {
      say(`left sysctls: ${messageOf(error)}`);
      return 1;
    });
}

/** undefined while a squall works on the folder. */
function lockUnlessUsed(stateFolder: string): Disposable | undefined {
  try {
    return lockState(stateFolder);
  } catch (error) {
    if (codeOf(error) === 'StateInUse') return undefined;
    throw error;
  }
}

/** What runs want stays; what its agent still has to undo is waited for. */
async function cleanBySquall(stateFolder: string): Promise<number> {
  const store = await connectToServe(stateFolder).catch((error: unknown) => {
    const remedy = 'try again, or end it first';
    throw new SquallError('StateInUse', `a squall works on the state folder ${stateFolder} and does not answer; ${remedy}`, {
      cause: error,
    });
  });
  try {
    const { residue, active } = await untilClean(store, systemClock, undoneWithinMs);
    for (const run of active) say(`kept ${run}: it is active; its end undoes its fault, and 'squall abort' ends it now`);
    if (residue !== undefined) return residue;
    const message = `the agent has said nothing for ${String(undoneWithinMs / 1000)} s: what is in the kernel is not known; look at agent.log in ${stateFolder}`;
    throw new SquallError('CleanUpIncomplete', message);
  } finally {
    store.close();
  }
}

async function cleanAll(stateFolder: string): Promise<number> {
  const listed = await listLeftovers(await listNamespaces());
  for (const leftover of listed.found) for (const text of describe(leftover)) say(text);
  // By its ledger, which knows more than the kernel shows: what was there before.
  const ownResidue = existsSync(join(stateFolder, 'instance')) ? await cleanOwnIfFree(stateFolder) : 0;
  const left = listed.unknown;
  for (const leftover of listed.found) {
    try {
      const outcome = await removeLeftover(leftover);
      for (const text of outcome.removed) say(`removed ${text}`);
      left.push(...outcome.left);
    } catch (error) {
      left.push(`${leftover.namespace.path}: ${messageOf(error)}`);
    }
  }
  for (const text of left) say(`left ${text}`);
  // What the ledger's sweep could not undo may have gone by its name since; then it is counted once too often, never too seldom.
  return ownResidue + left.length;
}

async function cleanOwnIfFree(stateFolder: string): Promise<number> {
  try {
    return await cleanInstance(stateFolder);
  } catch (error) {
    if (codeOf(error) !== 'StateInUse') throw error;
    // Its agent is alive, or is about to be: what it owns is kept, and listed as that.
    process.stderr.write(`${messageOf(error)}\n`);
    return 0;
  }
}

function describe({ namespace, instances, devices, kept }: Leftover): string[] {
  const things = [...instances.map((instance) => `table squall_${instance}`), ...devices.map((device) => `tree of ${device}`)];
  return [
    ...(things.length === 0 ? [] : [`found ${namespace.path}: ${things.join(', ')}`]),
    ...kept.map((text) => `kept ${namespace.path}: ${text}`),
  ];
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
