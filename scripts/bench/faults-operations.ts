/**
 * One fault into many targets, kept, ended and undone: by the kernel driver, and by one program for every command. The driver's way has
 * more to do: it looks before and after, keeps a ledger on disk, and proves the undo.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKernelDriver, type RunNft } from '../../src/agent/kernel/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import { benchInstance as instance } from './agent.ts';
import { type Command, timeEach } from './commands.ts';
import { costOf } from './costs.ts';
import type { ActingFault } from './fault.ts';
import { createNamespaces } from './namespaces.ts';
import { commandsOf, nftCommands, type PlanTexts, planTexts } from './plan-texts.ts';
import {
  type Operation,
  type OperationCosts,
  type OperationRow,
  operationRows,
  operations,
  type Round,
  type WayName,
} from './operation-rows.ts';
import { rotated } from './summary.ts';

/** Of all targets. */
type Operations = Record<Operation, () => Promise<unknown>>;

const leaseMs = 60_000;

/**
 * Alternates the ways in every round, each of them first in turn.
 * @param runNft the optional addon; its way is left out without it
 */
export async function measureOperations(
  targets: number,
  rounds: number,
  fault: ActingFault,
  runNft: RunNft | undefined,
): Promise<OperationRow[]> {
  const namespaces = await createNamespaces(targets);
  const stateFolder = await mkdtemp(join(tmpdir(), 'squall-bench-'));
  try {
    const { paths } = namespaces;
    const ways: [WayName, Operations][] = [
      ['driver', await driverWay(paths, stateFolder, fault)],
      ...(runNft === undefined
        ? []
        : ([['addon', await driverWay(paths, stateFolder, fault, runNft)]] as [WayName, Operations][])),
      ['plain', plainWay(paths, await planTexts(paths[0] ?? '', instance, fault.work, fault))],
    ];
    const done: Round[] = [];
    // What is only slow once (a module that is loaded, code that is compiled) is nobody's cost: the first round does not count.
    for (let round = 0; round <= rounds; round += 1) {
      const costs = new Map<WayName, OperationCosts>();
      for (const [name, way] of rotated(ways, round)) costs.set(name, await costsOf(way));
      if (round > 0) done.push(costs);
    }
    return operationRows(targets, done);
  } finally {
    await rm(stateFolder, { recursive: true });
    await namespaces.remove();
  }
}

async function costsOf(way: Operations): Promise<OperationCosts> {
  const costs: Partial<OperationCosts> = {};
  for (const operation of operations) costs[operation] = await costOf(way[operation]);
  return costs as OperationCosts;
}

async function driverWay(
  paths: readonly string[],
  stateFolder: string,
  { work, driver: acting }: ActingFault,
  runNft?: RunNft,
): Promise<Operations> {
  const driver = await createKernelDriver({
    stateFolder,
    instance,
    clock: systemClock,
    runNft,
    chooseDriver: () => Promise.resolve(acting),
    chooseEgress: () => Promise.resolve('own-device'),
  });
  const targets = await Promise.all(paths.map((path) => driver.openNamespace(path, path)));
  const each = (operate: (target: (typeof targets)[number]) => Promise<unknown>) => async () =>
    await Promise.all(targets.map(operate));
  return {
    apply: each(async (target) => {
      await driver.prepare(target, work);
      await driver.commit(target, work.id, () => leaseMs);
    }),
    renew: each(async (target) => {
      await driver.renew(target, work.id, () => leaseMs);
    }),
    close: each(async (target) => {
      await driver.close(target, work.id);
    }),
    undo: each(async (target) => {
      const { residue } = await driver.remove(target, work.id);
      if (residue > 0) throw new Error(`${String(residue)} things are left in ${target.path}`);
    }),
  };
}

function plainWay(paths: readonly string[], texts: PlanTexts): Operations {
  const { links, tree, gate, lease, renewal, close, removal } = texts;
  const each = (commands: readonly Command[]) => async () => await timeEach(paths, commands);
  return {
    apply: each([...commandsOf('ip', links), ...commandsOf('tc', tree), ...withoutCare(nftCommands(gate + lease))]),
    renew: each(nftCommands(renewal)),
    close: each(nftCommands(close)),
    undo: each([
      ...withoutCare(nftCommands(removal.gate), ['add table', 'flush']),
      ...commandsOf('tc', removal.tree),
      ...commandsOf('ip', removal.links),
    ]),
  };
}

/** Nobody empties what was just made, or makes what is to be deleted. */
const withoutCare = (commands: readonly Command[], needless: readonly string[] = ['flush']): Command[] =>
  commands.filter(({ command }) => !needless.some((word) => command[1]?.startsWith(word)));
