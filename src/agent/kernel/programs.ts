/** The programs that read and change a kernel, each run inside a target's network namespace. */
import { parseNft, type TcQdisc } from '../../faults/index.ts';
import { runProgram, SquallError } from '../../lib/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { Limiter, Urgency } from '../limiter.ts';
import { namedNamespaces } from '../namespaces/named.ts';
import type { PodNamespaces } from '../namespaces/pod-namespaces.ts';
import type { RunNft } from './in-process-nft.ts';
import { withNamespace } from './namespace.ts';
import { type Change, diesWithParent, failedProgram, linksBatch, sections, shellFor, treeBatch } from './one-shell.ts';
import type { IpLink, Observation } from './observation.ts';

export { type IpLink, type Observation, wholeObservation } from './observation.ts';

export type Programs = {
  /** Lines for `tc -batch`, in order; stops at the first that fails. Resolves to every qdisc as it is after them. */
  changeTree(namespace: Namespace, lines: readonly string[]): Promise<TcQdisc[]>;
  /** One nft transaction; a function is asked for its text when the program is about to start. */
  changeGate(namespace: Namespace, text: string | (() => string), urgency?: Urgency): Promise<void>;
  /** Lines for `ip -batch`, in order; stops at the first that fails. Nothing runs when there are none. */
  changeLinks(namespace: Namespace, lines: readonly string[]): Promise<void>;
  /** The change, and then the named parts as they are after it, as `read` gives them: one program to start instead of two. */
  changeAndRead<Part extends keyof Observation>(
    namespace: Namespace,
    change: Change,
    parts: readonly Part[],
  ): Promise<Pick<Observation, Part>>;
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

/** Every program of ours takes milliseconds; one that takes this long hangs. */
const timeoutMs = 15_000;
/** How nft says that a table or set does not exist. */
const noSuchObject = 'No such file or directory';
/** Of nft's lists those that can be of something that is not there; of everything there is always a list. */
const namesAnObject = /^list (table|set|counters table) /;
const wholeRuleset = ['list ruleset'];

/**
 * @param limit bounds how many programs run at once
 * @param namespaces finds a namespace again whose path has gone
 * @param isAwaited whether something urgent waits for what is done in a namespace: its programs are then as urgent
 * @param runNft takes the place of a program where nothing but an nft transaction is to be done
 */
export function createPrograms(
  limit: Limiter,
  namespaces: PodNamespaces = namedNamespaces(),
  isAwaited: (namespace: Namespace) => boolean = () => false,
  runNft?: RunNft,
): Programs {
  const env = { ...process.env, LC_ALL: 'C' };
  const at = async <T>(namespace: Namespace, urgency: Urgency | undefined, work: (path: string) => Promise<T>) =>
    await limit(
      async () => await withNamespace(namespaces, namespace, work),
      () => (urgency === 'urgent' || isAwaited(namespace) ? 'urgent' : 'normal'),
    );
  const inside = async <T>(namespace: Namespace, urgency: Urgency | undefined, work: (enter: string[]) => Promise<T>) =>
    await at(namespace, urgency, async (path) => await work(['nsenter', `--net=${path}`, '--']));
  const change = async (namespace: Namespace, command: string[], inputOf: () => string = () => '', urgency?: Urgency) =>
    await inside(namespace, urgency, async (enter) => {
      const input = inputOf();
      const [program = '', ...args] = [...diesWithParent, ...enter, ...command];
      const { code, stdout, stderr } = await runProgram(program, args, { input, timeoutMs, env });
      if (code !== 0) refuse(namespace, command[0], stderr, input);
      return stdout;
    });
  const look = async <Part extends keyof Observation>(
    namespace: Namespace,
    parts: readonly Part[],
    lists: readonly string[],
    change?: Change,
  ): Promise<Pick<Observation, Part>> => {
    const shell = shellFor(parts, change);
    return await inside(namespace, undefined, async (enter) => {
      const outside = change === undefined ? enter : [...diesWithParent, ...enter];
      const [program, ...args] = [...outside, 'sh', '-c', shell.script, 'sh', lists.join('; '), shell.links];
      const { input, links } = shell;
      const { code, stdout, stderr } = await runProgram(program, args, { input, timeoutMs, env, killsGroup: true });
      const failed = failedProgram(code);
      const mayLack = lists.every((command) => namesAnObject.test(command));
      const hasNoObject = failed?.reads === 'objects' && mayLack && saysNoSuchObject(stderr);
      if (code !== 0 && !hasNoObject)
        refuse(namespace, failed?.program ?? program, stderr, failed?.program === 'ip' ? links : input);
      const seen = sections(shell, stdout);
      return partsOf(parts, {
        qdiscs: parseList<TcQdisc>(seen.qdiscs),
        links: parseList<IpLink>(seen.links),
        objects: hasNoObject ? [] : parseNft(seen.objects),
      });
    });
  };
  return {
    changeTree: async (namespace, lines) => {
      return parseList<TcQdisc>(await change(namespace, ['tc', '-j', '-s', '-batch', '-'], () => treeBatch(lines)));
    },
    changeGate: async (namespace, text, urgency) => {
      const inputOf = typeof text === 'string' ? () => text : text;
      if (runNft === undefined) await change(namespace, ['nft', '-f', '-'], inputOf, urgency);
      else
        await at(namespace, urgency, async (path) => {
          await changeBy(runNft, namespace, path, inputOf());
        });
    },
    changeLinks: async (namespace, lines) => {
      if (lines.length > 0) await change(namespace, ['ip', '-batch', '-'], () => linksBatch(lines));
    },
    changeAndRead: async (namespace, change, parts) => await look(namespace, parts, wholeRuleset, change),
    read: async (namespace, parts, listCommands = wholeRuleset) => await look(namespace, parts, listCommands),
  };
}

async function changeBy(runNft: RunNft, namespace: Namespace, path: string, input: string): Promise<void> {
  const { code, error } = await runNft(path, input);
  if (code !== 0) refuse(namespace, 'nft', error, input);
}

function refuse(namespace: Namespace, program = '', stderr: string, input?: string): never {
  if (saysNoSuchProgram(program, stderr)) {
    const remedy = `install ${packageOf[program] ?? 'it'}, or start the agent with its folder in PATH`;
    throw new SquallError('ToolMissing', `the program '${program}' is not installed; ${remedy} (pod ${namespace.podUid})`);
  }
  throw new SquallError('KernelRefused', `${explain(program, stderr, input)} (pod ${namespace.podUid})`);
}

/** Nothing else: a part that nobody asked for would pass for an empty one. */
function partsOf<Part extends keyof Observation>(parts: readonly Part[], whole: Observation): Pick<Observation, Part> {
  return Object.fromEntries(parts.map((part) => [part, whole[part]])) as Pick<Observation, Part>;
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

/** nsenter says the same of a namespace that has gone. */
function saysNoSuchObject(text: string): boolean {
  return text.includes(noSuchObject) && !text.includes('nsenter:');
}

const packageOf: Readonly<Record<string, string>> = { tc: 'iproute2', ip: 'iproute2', nft: 'nftables' };

/** As a shell says it, and as nsenter and setpriv do. */
function saysNoSuchProgram(program: string, text: string): boolean {
  return new RegExp(`: ${program}: (command )?not found$|failed to execute ${program}: ${noSuchObject}$`, 'm').test(text);
}
