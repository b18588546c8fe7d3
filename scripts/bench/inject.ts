/**
 * How fast faults come into many namespaces and out of them: the agent's whole way, the bare programs that it cannot do without (one
 * tc batch and one nft transaction a target), and one program for every command, all in one run and two at a time.
 */
import { parseArgs } from 'node:util';
import { createKernelDriver } from '../../src/agent/kernel/index.ts';
import { openNamespace } from '../../src/agent/kernel/namespace.ts';
import { planWorks } from '../../src/agent/kernel/preparation.ts';
import { createPrograms } from '../../src/agent/kernel/programs.ts';
import { gateCommands, treeCommands } from '../../src/agent/kernel/reconcile.ts';
import { createLimiter, type Limiter } from '../../src/agent/limiter.ts';
import { renderClose, renderGateRemoval, renderLeases } from '../../src/faults/index.ts';
import { runProgram, systemClock } from '../../src/lib/index.ts';
import { capabilityTrials } from '../../src/preflight/index.ts';
import { benchInstance, type IdleAgent, measureIdleAgent, readProcess, type TaskTimes, timeTask } from './agent.ts';
import { benchFault } from './fault.ts';
import { createNamespaces } from './namespaces.ts';
import { standInLine, withStandIn } from './stand-in.ts';

const atOnce = 2;
const goals = { targets: 110, activeMs: 1000, closedMs: 500, rssMb: 60, cpuPercent: 0.5 };

type Way = { activeMs: number; closedMs: number };
type Row = { targets: number; agent: TaskTimes; batched: Way; oneByOne: Way };
export type InjectResult = { netem: boolean; benchRssMb: number; rows: Row[]; idle?: IdleAgent; goals: typeof goals };

export async function benchInject(args: string[]): Promise<InjectResult> {
  const { values } = parseArgs({
    args,
    options: { targets: { type: 'string', default: '1,10,110,250' }, idle: { type: 'string', default: '60' } },
  });
  const netem = await hasNetem();
  const rows: Row[] = [];
  console.log(netem ? 'netem and prio are what they are' : 'this kernel has no netem or no prio: a tbf stands in for the tree');
  console.log('targets  way          active ms  closed ms  active ratio');
  for (const targets of values.targets.split(',').map(Number)) {
    const row = await measureRow(targets, netem);
    rows.push(row);
    for (const [way, { activeMs, closedMs }] of Object.entries({
      agent: row.agent,
      batched: row.batched,
      'one by one': row.oneByOne,
    })) {
      const ratio = (row.oneByOne.activeMs / activeMs).toFixed(2);
      const cells = [
        String(targets).padEnd(7),
        way.padEnd(11),
        activeMs.toFixed(0).padStart(10),
        closedMs.toFixed(0).padStart(10),
      ];
      console.log([...cells, ratio.padStart(13)].join(' '));
    }
  }
  const idle = Number(values.idle) > 0 ? await measureIdleAgent(Number(values.idle)) : undefined;
  const { rssMb: benchRssMb } = await readProcess(process.pid);
  sayGoals(rows, idle);
  return { netem, benchRssMb, rows, idle, goals };
}

function sayGoals(rows: readonly Row[], idle: IdleAgent | undefined): void {
  const row = rows.find(({ targets }) => targets === goals.targets);
  const say = (what: string, found: number, goal: number, unit: string) => {
    console.log(`${found <= goal ? 'met   ' : 'MISSED'}  ${what}: ${found.toFixed(1)} ${unit}, goal ${String(goal)} ${unit}`);
  };
  if (row !== undefined) {
    say(`${String(goals.targets)} active`, row.agent.activeMs, goals.activeMs, 'ms');
    say(`${String(goals.targets)} closed`, row.agent.closedMs, goals.closedMs, 'ms');
  }
  if (idle === undefined) return;
  say('memory of an idle agent', idle.rssMb, goals.rssMb, 'MiB');
  say(`processor of an idle agent over ${String(idle.seconds)} s`, idle.cpuPercent, goals.cpuPercent, '%');
}

async function hasNetem(): Promise<boolean> {
  const trials = [capabilityTrials.netem, capabilityTrials.prio].map(({ program, args }) =>
    runProgram('unshare', ['--net', '--', program, ...args]),
  );
  return (await Promise.all(trials)).every(({ code }) => code === 0);
}

async function measureRow(targets: number, netem: boolean): Promise<Row> {
  const namespaces = await createNamespaces(targets);
  try {
    const { paths } = namespaces;
    const texts = await planTexts(paths[0] ?? '', netem);
    const agent = await timeTask(paths, async (stateFolder) => {
      const programs = createPrograms(createLimiter(atOnce));
      return await createKernelDriver({
        stateFolder,
        instance: benchInstance,
        clock: systemClock,
        programs: netem ? programs : withStandIn(programs),
        chooseDriver: () => Promise.resolve('netem'),
      });
    });
    const batched = await timePrograms(paths, {
      apply: [
        { command: ['tc', '-batch', '-'], input: lines(texts.tree) },
        { command: ['nft', '-f', '-'], input: texts.gate + texts.lease },
      ],
      close: [{ command: ['nft', '-f', '-'], input: texts.close }],
      remove: texts.remove,
    });
    const oneByOne = await timePrograms(paths, {
      apply: [
        ...texts.tree.map((line) => ({ command: ['tc', ...line.split(' ')] })),
        ...nftLines(texts.gate + texts.lease).map((line) => ({ command: ['nft', line] })),
      ],
      close: nftLines(texts.close).map((line) => ({ command: ['nft', line] })),
      remove: texts.remove,
    });
    return { targets, agent, batched, oneByOne };
  } finally {
    await namespaces.remove();
  }
}

const lines = (commands: readonly string[]): string => commands.map((command) => `${command}\n`).join('');
const nftLines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

type Command = { command: string[]; input?: string };
type Texts = { tree: string[]; gate: string; lease: string; close: string; remove: Command[] };

/** What the agent would give to tc and nft. */
async function planTexts(path: string, netem: boolean): Promise<Texts> {
  const namespace = await openNamespace('bench', path);
  const { qdiscs, links } = await createPrograms(createLimiter(atOnce)).read(namespace, ['qdiscs', 'links']);
  const plan = planWorks({
    instance: benchInstance,
    namespace,
    driver: 'netem',
    works: [benchFault],
    links,
    gatePriority: 300,
    deviceGatePriority: 300,
    before: undefined,
  });
  const commands = treeCommands(qdiscs, [], plan);
  return {
    tree: netem ? commands : commands.map(standInLine),
    gate: gateCommands(undefined, plan),
    lease: renderLeases(benchInstance, [
      { faultId: benchFault.id, device: benchFault.device, direction: 'egress', timeoutMs: 60_000 },
    ]),
    close: renderClose(benchInstance, { faultId: benchFault.id, direction: 'egress' }),
    remove: [
      { command: ['nft', '-f', '-'], input: renderGateRemoval(benchInstance, ['inet']) },
      { command: ['tc', 'qdisc', 'del', 'dev', benchFault.device, 'root'] },
    ],
  };
}

async function timePrograms(
  paths: readonly string[],
  { apply, close, remove }: { apply: Command[]; close: Command[]; remove: Command[] },
): Promise<Way> {
  const limit = createLimiter(atOnce);
  const activeMs = await timeEach(paths, apply, limit);
  const closedMs = await timeEach(paths, close, limit);
  await timeEach(paths, remove, limit);
  return { activeMs, closedMs };
}

/** Milliseconds until every target has had all commands; those of one target in order. */
async function timeEach(paths: readonly string[], commands: readonly Command[], limit: Limiter): Promise<number> {
  const started = performance.now();
  const ofTarget = async (path: string) => {
    for (const { command, input } of commands) {
      const { code, stderr } = await runProgram('nsenter', [`--net=${path}`, '--', ...command], { input });
      if (code !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
    }
  };
  await Promise.all(paths.map((path) => limit(() => ofTarget(path))));
  return performance.now() - started;
}
