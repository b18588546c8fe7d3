/**
 * Programs that put a tbf where the plan has prio and netem, for kernels without those: as many commands, in as many programs. What
 * tc reports is told in the words of the plan, so that the driver takes its usual way, verification included.
 */
import type { Programs } from '../../src/agent/kernel/programs.ts';
import type { TcQdisc } from '../../src/faults/index.ts';

const standInWords = 'tbf rate 1000gbit burst 3000 limit 10mb';

export function withStandIn(programs: Programs): Programs {
  /** By namespace: what the plan has below the root. */
  const planned = new Map<number, TcQdisc[]>();
  const told = (inode: number, qdiscs: readonly TcQdisc[]): TcQdisc[] =>
    qdiscs.flatMap((qdisc) => (qdisc.handle === 'fa17:' ? [{ ...qdisc, kind: 'prio' }, ...(planned.get(inode) ?? [])] : [qdisc]));
  const retold = <Found extends { qdiscs?: TcQdisc[] }>(inode: number, found: Found): Found =>
    found.qdiscs === undefined ? found : { ...found, qdiscs: told(inode, found.qdiscs) };
  return {
    ...programs,
    changeTree: async (namespace, lines) => {
      const netems = lines.flatMap((line) => readNetem(line) ?? []);
      if (netems.length > 0) planned.set(namespace.inode, netems);
      return told(namespace.inode, await programs.changeTree(namespace, lines.map(standInLine)));
    },
    changeAndRead: async (namespace, change, parts) => {
      const lines = 'tree' in change ? { tree: change.tree.map(standInLine) } : change;
      return retold(namespace.inode, await programs.changeAndRead(namespace, lines, parts));
    },
    read: async (namespace, parts, listCommands) => retold(namespace.inode, await programs.read(namespace, parts, listCommands)),
  };
}

/** The root becomes a tbf; what the plan has below it becomes a change of that. */
export function standInLine(line: string): string {
  if (line.includes(' root ') && line.startsWith('qdisc add')) return `qdisc add dev eth0 root handle fa17: ${standInWords}`;
  return line.includes(' netem ') ? `qdisc change dev eth0 root handle fa17: ${standInWords}` : line;
}

function readNetem(line: string): TcQdisc | undefined {
  const [, dev, parent, handle = '', limit, delay] =
    /dev (\S+) parent (\S+) handle (\S+) netem limit (\d+) delay (\d+)us/.exec(line) ?? [];
  if (handle === '') return undefined;
  return {
    kind: 'netem',
    handle,
    dev,
    parent,
    options: { limit: Number(limit), delay: { delay: Number(delay) / 1e6, jitter: 0 } },
  };
}
