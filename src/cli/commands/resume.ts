import { Command } from 'commander';
import { describeHalt, haltName } from '../../api/index.ts';
import { halts, type ScheduleObject, schedules } from '../../control/index.ts';
import { codeOf, SquallError } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { asksCluster, type ClusterChoice, openCluster, withClusterOptions } from '../operate/cluster-choice.ts';
import { connectToServe } from '../operate/connect.ts';
import { describeResumed } from '../operate/resumed-text.ts';
import { defaultStateFolder } from '../state.ts';

type ResumeOptions = ClusterChoice & { all?: true; state: string };

/** Exit code 0 when nothing is halted any more; 7 when another halt is left, or there is nobody to ask. */
export function resumeCommand(): Command {
  return withClusterOptions(new Command('resume'))
    .description('end a halt: runs may start again')
    .argument('[name...]', 'NetworkHalts to end; without any, that of squall halt')
    .option('--all', 'end every halt, also those of others')
    .option('--state <dir>', 'state folder of the squall serve that is halted', defaultStateFolder())
    .action(async (names: string[], options: ResumeOptions) => {
      await resume(names, options);
    });
}

async function resume(names: string[], options: ResumeOptions): Promise<void> {
  if (names.length > 0 && options.all) throw new SquallError('InvalidInput', 'expected names of halts or --all, and not both');
  const store = asksCluster(options) ? (await openCluster(options)).store : await connectToServe(options.state);
  try {
    await letGo(store, names, options.all === true);
    process.stdout.write(describeResumed(await schedulesOf(store)));
  } finally {
    store.close();
  }
}

async function letGo(store: Store, names: string[], all: boolean): Promise<void> {
  const { items } = await store.list(halts);
  const meant = names.length === 0 ? [haltName] : names;
  const unknown = names.filter((name) => !items.some(({ metadata }) => metadata.name === name));
  if (unknown.length > 0) {
    const known = items.map(({ metadata }) => metadata.name).join(', ');
    throw new SquallError('NotFound', `no halt '${unknown.join(', ')}'; there ${known === '' ? 'is none' : `are ${known}`}`);
  }
  if (items.length === 0) process.stdout.write('Nothing was halted.\n');
  for (const halt of items.filter(({ metadata }) => all || meant.includes(metadata.name))) {
    const { name, uid } = halt.metadata;
    await store.delete(halts, { name }, { uid }).catch(unlessGone);
    process.stdout.write(`No longer halted ${describeHalt(halt)}.\n`);
  }
  const left = (await store.list(halts)).items;
  if (left.length === 0) return;
  const others = left.map(({ metadata }) => metadata.name).join(' ');
  throw new SquallError(
    'Conflict',
    `still halted ${left.map(describeHalt).join('; and ')}: nothing starts; 'squall resume ${others}' ends that too`,
  );
}

/** Who may end a halt need not be allowed to see every schedule. */
async function schedulesOf(store: Store): Promise<ScheduleObject[]> {
  try {
    return (await store.list(schedules)).items;
  } catch (error) {
    if (codeOf(error) !== 'PermissionDenied') throw error;
    return [];
  }
}

function unlessGone(error: unknown): void {
  if (codeOf(error) !== 'NotFound') throw error;
}
