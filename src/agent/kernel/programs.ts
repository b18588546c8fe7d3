/** The programs that read and change a kernel, each run inside a target's network namespace. */
import { type NftObject, parseNft, type TcQdisc } from '../../faults/index.ts';
import { runProgram, SquallError } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { Limiter } from '../limiter.ts';
import { namedNamespaces } from '../namespaces/named.ts';
import type { PodNamespaces } from '../namespaces/pod-namespaces.ts';
import { withNamespace } from './namespace.ts';

/** The fields of `ip -j link` that are used; the rest is kept for comparisons. `txqlen` is absent when it is 0. */
export type IpLink = { ifindex: number; ifname: string; mtu: number; txqlen?: number; flags?: string[] };

/** All that an undo must restore, as tc, ip and nft print it. */
export type Observation = { qdiscs: TcQdisc[]; links: IpLink[]; objects: NftObject[] };

export type Programs = {
  /** Lines for `tc -batch`, in order; stops at the first that fails. Resolves to every qdisc as it is after them. */
  changeTree(namespace: Namespace, lines: readonly string[]): Promise<TcQdisc[]>;
  /** One nft transaction; a function is asked for its text when the program is about to start. */
  changeGate(namespace: Namespace, text: string | (() => string)): Promise<void>;
  setQueueLength(namespace: Namespace, device: string, length: number): Promise<void>;
  /** Every qdisc, with its counters. */
  qdiscs(namespace: Namespace): Promise<TcQdisc[]>;
  links(namespace: Namespace): Promise<IpLink[]>;
  /** nft's list commands; an object that does not exist gives an empty list. */
  list(namespace: Namespace, commands: readonly string[]): Promise<NftObject[]>;
  observe(namespace: Namespace): Promise<Observation>;
};

/** Every program of ours takes milliseconds; one that takes this long hangs. */
const timeoutMs = 15_000;
const showQdiscs = 'qdisc show';
const diesWithUs = ['--pdeathsig', 'KILL', 'nsenter'];
/** How nft says that a table or set does not exist. */
const noSuchObject = 'No such file or directory';

/**
 * @param limit bounds how many programs run at once
 * @param namespaces finds a namespace again whose path has gone
 */
export function createPrograms(limit: Limiter, namespaces: PodNamespaces = namedNamespaces()): Programs {
  const env = { ...process.env, LC_ALL: 'C' };
  const run = async (namespace: Namespace, command: string[], inputOf: () => string | undefined = () => undefined) =>
    await limit(
      async () =>
        await withNamespace(namespaces, namespace, async (path) => {
          const input = inputOf();
          // A program that outlived a killed agent would change what the next agent has just swept.
          const args = [...diesWithUs, `--net=${path}`, '--', ...command];
          return { ...(await runProgram('setpriv', args, { input, timeoutMs, env })), input };
        }),
    );
  const demand = async (namespace: Namespace, command: string[], inputOf?: () => string): Promise<string> => {
    const { code, stdout, stderr, input } = await run(namespace, command, inputOf);
    if (code === 0) return stdout;
    throw new SquallError('KernelRefused', `${explain(command, stderr, input)} (pod ${namespace.podUid})`);
  };
  const programs: Programs = {
    changeTree: async (namespace, lines) => {
      const batch = [...lines, showQdiscs, ''].join('\n');
      return parseList<TcQdisc>(await demand(namespace, ['tc', '-j', '-s', '-batch', '-'], () => batch));
    },
    changeGate: async (namespace, text) => {
      await demand(namespace, ['nft', '-f', '-'], typeof text === 'string' ? () => text : text);
    },
    setQueueLength: async (namespace, device, length) => {
      await demand(namespace, ['ip', 'link', 'set', 'dev', device, 'txqueuelen', String(length)]);
    },
    qdiscs: async (namespace) => parseList<TcQdisc>(await demand(namespace, ['tc', '-j', '-s', ...showQdiscs.split(' ')])),
    links: async (namespace) => parseList<IpLink>(await demand(namespace, ['ip', '-j', 'link', 'show'])),
    list: async (namespace, commands) => {
      const command = ['nft', '-j', commands.join('; ')];
      const { code, stdout, stderr } = await run(namespace, command);
      if (code === 0) return parseNft(stdout);
      if (saysNoSuchObject(stderr)) return [];
      throw new SquallError('KernelRefused', `${explain(command, stderr)} (pod ${namespace.podUid})`);
    },
    observe: async (namespace) => {
      const [qdiscs, links, objects] = await Promise.all([
        programs.qdiscs(namespace),
        programs.links(namespace),
        programs.list(namespace, ['list ruleset']),
      ]);
      return { qdiscs, links, objects };
    },
  };
  return programs;
}

/** ip and tc print nothing at all for an empty list. */
function parseList<T>(output: string): T[] {
  return output.trim() === '' ? [] : (JSON.parse(output) as T[]);
}

/** What a program complained about, with the line of its input that it complained about. */
function explain(command: readonly string[], stderr: string, input?: string): string {
  const complaint = stderr.trim().split('\n').slice(0, 3).join(' | ');
  const lineNumber = /Command failed -:(\d+)/.exec(stderr)?.[1];
  const line = lineNumber === undefined ? undefined : input?.split('\n')[Number(lineNumber) - 1];
  return `${String(command[0])} failed: ${complaint}${line === undefined ? '' : ` in '${line}'`}`;
}

/** Whether an error says that the table or set to be changed is not there. */
export function isNoSuchObject(error: unknown): boolean {
  return error instanceof SquallError && error.code === 'KernelRefused' && saysNoSuchObject(error.message);
}

/** nsenter says the same of a program that is not installed. */
function saysNoSuchObject(text: string): boolean {
  return text.includes(noSuchObject) && !text.includes('nsenter:');
}
