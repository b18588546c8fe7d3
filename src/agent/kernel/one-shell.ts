/**
 * Several programs of a target as one shell: starting one from here costs more than all that it then does, and a shell starts the
 * next for a fraction of that. Decides what the shell is told and which program it was that failed; runs nothing.
 */
import { type Observation, wholeObservation } from './observation.ts';

type Part = keyof Observation;

/** What is done before the look: one nft transaction; or lines for `ip -batch`, and then lines for `tc -batch`. */
export type Change = { gate: string } | { links?: readonly string[]; tree: readonly string[] };

export type Shell = {
  script: string;
  /** Standard input of the gate's or the tree's change; nothing else reads it. */
  input: string;
  /** Lines for `ip -batch`, which the script has as `$2`. */
  links: string;
  /** What the parts are printed in the order of. */
  order: readonly Part[];
};

type Step = { program: string; script: string; failed: number };

/**
 * A change that outlived a killed agent would change what the next agent has just swept, or applied. The kernel tells only the
 * program that we start; killed, a shell would leave its child running, so that in a shell every change is bound to it once more.
 * A reading hurts nobody.
 */
export const diesWithParent = ['setpriv', '--pdeathsig', 'KILL'];

const showQdiscs = 'qdisc show';
const separator = '\x1e';

/** By part: what prints it, and how the shell says that it was this one that failed. nft's commands are `$1`. */
const readers: Record<Part, Step> = {
  qdiscs: { program: 'tc', script: `tc -j -s ${showQdiscs}`, failed: 101 },
  links: { program: 'ip', script: 'ip -j link show', failed: 102 },
  objects: { program: 'nft', script: 'nft -j "$1"', failed: 103 },
};
const inShell = diesWithParent.join(' ');
const changers: Record<'gate' | 'links' | 'tree', Step> = {
  gate: { program: 'nft', script: `${inShell} nft -f -`, failed: 104 },
  tree: { program: 'tc', script: `${inShell} tc -j -s -batch -`, failed: 105 },
  links: { program: 'ip', script: `printf %s "$2" | ${inShell} ip -batch -`, failed: 106 },
};
const steps = [...Object.values(readers), ...Object.values(changers)];

/** Lines for `tc -batch`; it prints every qdisc as it is after them. */
export const treeBatch = (lines: readonly string[]): string => [...lines, showQdiscs, ''].join('\n');

export const linksBatch = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** A change of the tree always prints the qdiscs: that is one program fewer. */
export function shellFor(parts: readonly Part[], change?: Change): Shell {
  const tree = change !== undefined && 'tree' in change ? change : undefined;
  const gate = change !== undefined && 'gate' in change ? change.gate : '';
  const links = linksBatch(tree?.links ?? []);
  const order = wholeObservation.filter((part) => parts.includes(part) || (tree && part === 'qdiscs'));
  const printing = order.map((part) => orExit(tree && part === 'qdiscs' ? changers.tree : readers[part]));
  const first = [...(gate === '' ? [] : [changers.gate]), ...(links === '' ? [] : [changers.links])];
  return {
    script: [...first.map(orExit), printing.join(`\nprintf '${separator}'\n`)].join('\n'),
    input: tree === undefined ? gate : treeBatch(tree.tree),
    links,
    order,
  };
}

const orExit = ({ script, failed }: Step): string => `${script} || exit ${String(failed)}`;

/** The program that the shell ended because of; undefined when it was none of its own. */
export function failedProgram(code: number | null): { program: string; reads?: Part } | undefined {
  const step = steps.find(({ failed }) => failed === code);
  return step && { program: step.program, reads: wholeObservation.find((part) => readers[part] === step) };
}

/** What was printed, by part; empty for what was not asked for. */
export function sections({ order }: Shell, stdout: string): Record<Part, string> {
  const texts = stdout.split(separator);
  const textOf = (part: Part) => texts[order.indexOf(part)] ?? '';
  return { qdiscs: textOf('qdiscs'), links: textOf('links'), objects: textOf('objects') };
}
