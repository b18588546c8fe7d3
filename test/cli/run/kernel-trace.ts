/**
 * What the kernel itself tells of every change of qdiscs, nftables and links in some network namespaces, whoever made it and by whatever way.
 * A trace stands between two marks, changes of the test's own: what the kernel told before the second one has been heard by then.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { inside } from '../../kernel/namespaces.ts';
import { eventually } from '../serve/process.ts';

const monitors = {
  nft: ['nft', 'monitor'],
  tc: ['tc', 'monitor'],
  ip: ['ip', 'monitor', 'link'],
} as const;
type Tool = keyof typeof monitors;

export type KernelTrace = {
  /** What has changed since the last call, or the beginning: lines of the monitors, by `<namespace> <tool>`; what did not change is left out. */
  changes(): Promise<Record<string, string[]>>;
  dispose(): Promise<void>;
};

type Monitor = { name: string; tool: Tool; process: ChildProcessByStdio<null, Readable, null>; text: string; seen: number };

/** @param namespaces as `ip netns` names them */
export async function startKernelTrace(namespaces: readonly string[]): Promise<KernelTrace> {
  const running = namespaces.flatMap((name) => (Object.keys(monitors) as Tool[]).map((tool) => startMonitor(name, tool)));
  let marks = 0;
  /** Marks until every monitor has heard of one: one that has just been started may not listen yet. */
  async function mark(): Promise<void> {
    await eventually('every monitor to hear of a mark', async () => {
      marks += 1;
      for (const name of namespaces) await makeMark(name, marks);
      await sleep(100);
      const said = markOf(marks);
      return running.every(({ text, seen, tool }) => text.slice(seen).includes(said[tool])) || undefined;
    });
  }
  async function changes(): Promise<Record<string, string[]>> {
    await mark();
    const found = running.map((monitor) => {
      // A line that is not whole yet is for the next call.
      const end = monitor.text.lastIndexOf('\n') + 1;
      const lines = monitor.text.slice(monitor.seen, end).split('\n');
      monitor.seen = end;
      return [`${monitor.name} ${monitor.tool}`, withoutMarks(lines)] as const;
    });
    return Object.fromEntries(found.filter(([, lines]) => lines.length > 0));
  }
  await changes();
  return {
    changes,
    dispose: async () => {
      for (const { process: child } of running) child.kill();
      await Promise.all(
        running.map(async ({ process: child }) => child.exitCode ?? child.signalCode ?? (await once(child, 'exit'))),
      );
    },
  };
}

function startMonitor(name: string, tool: Tool): Monitor {
  const child = spawn('nsenter', [`--net=/run/netns/${name}`, '--', ...monitors[tool]], { stdio: ['ignore', 'pipe', 'ignore'] });
  const monitor: Monitor = { name, tool, process: child, text: '', seen: 0 };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (monitor.text += text));
  return monitor;
}

/** What each monitor prints of a mark. */
function markOf(number: number): Record<Tool, string> {
  return {
    nft: `table inet mark_${String(number)}`,
    tc: `pfifo ${(0xf000 + number).toString(16)}: dev lo`,
    ip: `mtu ${String(60_000 + number)} `,
  };
}

/** On `lo`, which no fault is ever on. */
async function makeMark(namespace: string, number: number): Promise<void> {
  const table = `table inet mark_${String(number)}`;
  const handle = `${(0xf000 + number).toString(16)}:`;
  await inside(namespace, ['nft', `add ${table}; delete ${table}`]);
  await inside(namespace, ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'handle', handle, 'pfifo']);
  await inside(namespace, ['tc', 'qdisc', 'del', 'dev', 'lo', 'root']);
  const links = JSON.parse(await inside(namespace, ['ip', '-j', 'link', 'show', 'lo'])) as { mtu: number }[];
  await inside(namespace, ['ip', 'link', 'set', 'lo', 'mtu', String(60_000 + number)]);
  await inside(namespace, ['ip', 'link', 'set', 'lo', 'mtu', String(links[0]?.mtu)]);
}

/** Without what marks print, and what nft prints of every transaction. */
function withoutMarks(lines: readonly string[]): string[] {
  return lines.filter(
    (line) => line.trim() !== '' && !/ inet mark_\d+$|: dev lo |^\d+: lo:|link\/loopback|# new generation/.test(line),
  );
}
