/** The programs that read and change a kernel, each run inside a target's network namespace. */
import { type NftObject, parseNft, type TcQdisc } from '../../faults/index.ts';
import { runProgram, SquallError } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { Limiter, Urgency } from '../limiter.ts';
import { namedNamespaces } from '../namespaces/named.ts';
import type { PodNamespaces } from '../namespaces/pod-namespaces.ts';
import { withNamespace } from './namespace.ts';

/** The fields of `ip -j link` that are used; the rest is kept for comparisons. `txqlen` is absent when it is 0. */
export type IpLink = { ifindex: number; ifname: string; mtu: number; txqlen?: number; flags?: string[] };

/** All that an undo must restore, as tc (with counters), ip and nft print it. */
export type Observation = { qdiscs: TcQdisc[]; links: IpLink[]; objects: NftObject[] };

export type Programs = {
  /** Lines for `tc -batch`, in order; stops at the first that fails. Resolves to every qdisc as it is after them. */
  changeTree(namespace: Namespace, lines: readonly string[]): Promise<TcQdisc[]>;
  /** One nft transaction; a function is asked for its text when the program is about to start. */
  changeGate(namespace: Namespace, text: string | (() => string), urgency?: Urgency): Promise<void>;
  setQueueLength(namespace: Namespace, device: string, length: number): Promise<void>;
  /**
   * The named parts, one after the other. An nft object that does not exist gives no objects.
   * @param listCommands nft's, for the objects; @default the whole ruleset
   */
  read<Part extends keyof Observation>(
    namespace: Namespace,
    parts: readonly Part[],
    listCommands?: readonly string[],
  ): Promise<Pick<Observation, Part>>;
};

/** Everything, for `read`. */
export const wholeObservation = ['qdiscs', 'links', 'objects'] as const;

/** Every program of ours takes milliseconds; one that takes this long hangs. */
const timeoutMs = 15_000;
/** A change that outlived a killed agent would change what the next agent has just swept. A reading hurts nobody. */
const diesWithUs = ['setpriv', '--pdeathsig', 'KILL'];
/** How nft says that a table or set does not exist. */
const noSuchObject = 'No such file or directory';
/** Of nft's lists those that can be of something that is not there; of everything there is always a list. */
const namesAnObject = /^list (table|set|counters table) /;
const showQdiscs = 'qdisc show';
const separator = '\x1e';
const wholeRuleset = ['list ruleset'];

/** By part: what prints it, and how the one shell that runs them all says that it was this one that failed. nft's commands are `$1`. */
const readers = {
  qdiscs: { program: 'tc', script: `tc -j -s ${showQdiscs}`, failed: 101 },
  links: { program: 'ip', script: 'ip -j link show', failed: 102 },
  objects: { program: 'nft', script: 'nft -j "$1"', failed: 103 },
} as const;

/**
 * @param limit bounds how many programs run at once
 * @param namespaces finds a namespace again whose path has gone
 * @param isAwaited whether something urgent waits for what is done in a namespace: its programs are then as urgent
 */
export function createPrograms(
  limit: Limiter,
  namespaces: PodNamespaces = namedNamespaces(),
  isAwaited: (namespace: Namespace) => boolean = () => false,
): Programs {
  const env = { ...process.env, LC_ALL: 'C' };
  const inside = async <T>(namespace: Namespace, urgency: Urgency | undefined, work: (enter: string[]) => Promise<T>) =>
    await limit(
      async () => await withNamespace(namespaces, namespace, async (path) => await work(['nsenter', `--net=${path}`, '--'])),
      () => (urgency === 'urgent' || isAwaited(namespace) ? 'urgent' : 'normal'),
    );
  const change = async (namespace: Namespace, command: string[], inputOf: () => string = () => '', urgency?: Urgency) =>
    await inside(namespace, urgency, async (enter) => {
      const input = inputOf();
      const [program = '', ...args] = [...diesWithUs, ...enter, ...command];
      const { code, stdout, stderr } = await runProgram(program, args, { input, timeoutMs, env });
      if (code !== 0) refuse(namespace, command[0], stderr, input);
      return stdout;
    });
  return {
    changeTree: async (namespace, lines) => {
      const batch = [...lines, showQdiscs, ''].join('\n');
      return parseList<TcQdisc>(await change(namespace, ['tc', '-j', '-s', '-batch', '-'], () => batch));
    },
    changeGate: async (namespace, text, urgency) => {
      await change(namespace, ['nft', '-f', '-'], typeof text === 'string' ? () => text : text, urgency);
    },
    setQueueLength: async (namespace, device, length) => {
      await change(namespace, ['ip', 'link', 'set', 'dev', device, 'txqueuelen', String(length)]);
    },
    read: async (namespace, parts, listCommands = wholeRuleset) => {
      // Starting programs is what takes the time: one for all, and nft last, which is asked for what may not be there.
      const order = wholeObservation.filter((part) => (parts as readonly string[]).includes(part));
      const steps = order.map((part) => `${readers[part].script} || exit ${String(readers[part].failed)}`);
      const command = ['sh', '-c', steps.join(`\nprintf '${separator}'\n`), 'sh', listCommands.join('; ')];
      return await inside(namespace, undefined, async ([enter = '', ...args]) => {
        const { code, stdout, stderr } = await runProgram(enter, [...args, ...command], { timeoutMs, env, killsGroup: true });
        const failed = order.find((part) => readers[part].failed === code);
        const mayLack = listCommands.every((command) => namesAnObject.test(command));
        const hasNoObject = failed === 'objects' && mayLack && saysNoSuchObject(stderr);
        if (code !== 0 && !hasNoObject) refuse(namespace, failed === undefined ? enter : readers[failed].program, stderr);
        const texts = stdout.split(separator);
        const textOf = (part: keyof Observation) => texts[order.indexOf(part)] ?? '';
        return {
          qdiscs: parseList<TcQdisc>(textOf('qdiscs')),
          links: parseList<IpLink>(textOf('links')),
          objects: hasNoObject || !order.includes('objects') ? [] : parseNft(textOf('objects')),
        };
      });
    },
  };
}

function refuse(namespace: Namespace, program: string | undefined, stderr: string, input?: string): never {
  throw new SquallError('KernelRefused', `${explain(program ?? '', stderr, input)} (pod ${namespace.podUid})`);
}

/** ip and tc print nothing at all for an empty list. */
function parseList<T>(output: string): T[] {
  return output.trim() === '' ? [] : (JSON.parse(output) as T[]);
}

/** What a program complained about, with the line of its input that it complained about. */
function explain(program: string, stderr: string, input?: string): string {
  const complaint = stderr.trim().split('\n').slice(0, 3).join(' | ');
  const lineNumber = /Command failed -:(\d+)/.exec(stderr)?.[1];
  const line = lineNumber === undefined ? undefined : input?.split('\n')[Number(lineNumber) - 1];
  return `${program} failed: ${complaint}${line === undefined ? '' : ` in '${line}'`}`;
}

/** Whether an error says that the table or set to be changed is not there. */
export function isNoSuchObject(error: unknown): boolean {
  return error instanceof SquallError && error.code === 'KernelRefused' && saysNoSuchObject(error.message);
}

/** nsenter says the same of a program that is not installed. */
function saysNoSuchObject(text: string): boolean {
  return text.includes(noSuchObject) && !text.includes('nsenter:');
}
