/**
 * How fast faults come into many namespaces and out of them: the agent's whole way, the bare programs that it cannot do without (one
 * tc batch and one nft transaction a target), and one program for every command, all in one run and two at a time.
 */
import { parseArgs } from 'node:util';
import { createKernelDriver } from '../../src/agent/kernel/index.ts';
import { createPrograms } from '../../src/agent/kernel/programs.ts';
import { createLimiter } from '../../src/agent/limiter.ts';
import { systemClock } from '../../src/lib/index.ts';
import { benchInstance, type IdleAgent, measureIdleAgent, readProcess, type TaskTimes, timeTask } from './agent.ts';
import { atOnce, type Command, timeEach } from './commands.ts';
import { benchFault } from './fault.ts';
import { createNamespaces } from './namespaces.ts';
import { commandsOf, hasNetem, nftCommands, planTexts } from './plan-texts.ts';
import { standInLine, withStandIn } from './stand-in.ts';

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

async function measureRow(targets: number, netem: boolean): Promise<Row> {
  const namespaces = await createNamespaces(targets);
  try {
    const { paths } = namespaces;
    // What stands in for netem knows only the root of eth0.
    const egress = netem ? 'own-device' : 'own-root';
    const planned = await planTexts(paths[0] ?? '', benchInstance, benchFault, { driver: 'netem', egress });
    const { links, gate, lease, close, removal } = planned;
    const tree = netem ? planned.tree : planned.tree.map(standInLine);
    const remove = [
      { command: ['nft', '-f', '-'], input: removal.gate },
      ...commandsOf('tc', removal.tree),
      ...commandsOf('ip', removal.links),
    ];
    const agent = await timeTask(paths, async (stateFolder) => {
      const programs = createPrograms(createLimiter(atOnce));
      return await createKernelDriver({
        stateFolder,
        instance: benchInstance,
        clock: systemClock,
        programs: netem ? programs : withStandIn(programs),
        chooseDriver: () => Promise.resolve('netem'),
        chooseEgress: () => Promise.resolve(egress),
      });
    });
    const batched = await timePrograms(paths, {
      apply: [
        ...(links.length === 0 ? [] : [{ command: ['ip', '-batch', '-'], input: lines(links) }]),
        { command: ['tc', '-batch', '-'], input: lines(tree) },
        { command: ['nft', '-f', '-'], input: gate + lease },
      ],
      close: [{ command: ['nft', '-f', '-'], input: close }],
      remove,
    });
    const oneByOne = await timePrograms(paths, {
      apply: [...commandsOf('ip', links), ...commandsOf('tc', tree), ...nftCommands(gate + lease)],
      close: nftCommands(close),
      remove,
    });
    return { targets, agent, batched, oneByOne };
  } finally {
    await namespaces.remove();
  }
}

const lines = (commands: readonly string[]): string => commands.map((command) => `${command}\n`).join('');

async function timePrograms(
  paths: readonly string[],
  { apply, close, remove }: { apply: Command[]; close: Command[]; remove: Command[] },
): Promise<Way> {
  const activeMs = await timeEach(paths, apply);
  const closedMs = await timeEach(paths, close);
  await timeEach(paths, remove);
  return { activeMs, closedMs };
}
