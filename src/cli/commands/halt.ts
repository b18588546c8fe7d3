import { hostname, userInfo } from 'node:os';
import { Command } from 'commander';
import { apiVersion, describeHalt, haltName, type HaltObject, validateObject } from '../../api/index.ts';
import { halts } from '../../control/index.ts';
import { codeOf, errorFacts, parseDuration, SquallError, systemClock } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { asksCluster, type ClusterChoice, openCluster, withClusterOptions } from '../operate/cluster-choice.ts';
import { connectToServe } from '../operate/connect.ts';
import { describeHalted, nameOf } from '../operate/halt-progress.ts';
import { gatherHaltFacts, untilHalted } from '../operate/until-halted.ts';
import { defaultStateFolder } from '../state.ts';

type HaltOptions = ClusterChoice & { all?: true; reason: string; by: string; within: string; state: string };

/** Exit code 0 once no fault is active any more; 5 when that is not proven in time; 7 when there is nobody to ask. */
export function haltCommand(): Command {
  return withClusterOptions(new Command('halt'))
    .description('undo every fault now, and refuse every start until squall resume')
    .option('--all', 'a halt is always of everything; this only says so')
    .requiredOption('--reason <text>', 'why; whoever is refused a start is told')
    .option('--by <name>', 'who halts', author())
    .option('--within <duration>', 'how long the proof is waited for', '5m')
    .option('--state <dir>', 'state folder of the squall serve that is to be halted', defaultStateFolder())
    .action(async (options: HaltOptions) => {
      process.exitCode = await halt(options);
    });
}

async function halt(options: HaltOptions): Promise<number> {
  const withinMs = parseDuration(options.within);
  if (withinMs === undefined) {
    throw new SquallError('InvalidInput', `--within: expected a duration such as 5m, found '${options.within}'`);
  }
  const lever = leverOf(options);
  const store = asksCluster(options) ? (await openCluster(options)).store : await connectToServe(options.state);
  try {
    // Asked before, so that what ends at once is told too; but nothing keeps the lever from being pulled.
    const asked = gatherHaltFacts(store);
    asked.catch(() => undefined);
    process.stdout.write(`${await pull(store, lever)}\n`);
    const before = (await asked).experiments.filter(({ status }) => status?.run.phase !== 'done');
    const { facts, progress } = await untilHalted(store, systemClock, withinMs);
    const names = new Set([...before.map(nameOf), ...progress.hurting]);
    for (const name of [...names].sort()) {
      const now = facts.experiments.find((run) => nameOf(run) === name);
      process.stdout.write(`${describeHalted(name, now, progress)}\n`);
    }
    if (progress.hurting.length === 0) process.stdout.write('No fault is active.\n');
    return progress.hurting.length === 0 ? 0 : errorFacts('CleanUpIncomplete').exit;
  } finally {
    store.close();
  }
}

/** @throws SquallError InvalidInput that names the option */
function leverOf({ reason, by }: HaltOptions): HaltObject {
  const lever = { apiVersion, kind: halts.kind, metadata: { name: haltName }, spec: { reason, by } };
  const problems = validateObject(lever);
  if (problems.length === 0) return lever;
  throw new SquallError('InvalidInput', problems.map((problem) => problem.replace(/^.*spec\./, '--')).join('; '));
}

/** One that is pulled already stays as it is: who pulled it first, and why, is what counts. */
async function pull(store: Store, lever: HaltObject): Promise<string> {
  try {
    const { metadata, spec } = await store.create(halts, lever);
    return `Everything is halted ${describeHalt({ ...lever, metadata, spec })}.`;
  } catch (error) {
    if (codeOf(error) !== 'AlreadyExists') throw error;
    return `Everything was halted before, ${describeHalt(await store.get(halts, { name: haltName }))}.`;
  }
}

function author(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // In a container, the user may have no name.
    return `uid ${String(process.getuid?.() ?? 'unknown')}@${hostname()}`;
  }
}
