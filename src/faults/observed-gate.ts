/** What `nft -j` reports, in the terms of the plan. */
import { type AddressRange, type Family, joinRanges, parseBlock, parseBlocks } from './addresses.ts';
import type { Gate } from './gate.ts';
import { tableName } from './names.ts';
import { gateChain } from './render-gate.ts';
import { bandHandle } from './tree.ts';

/** One entry of nft's JSON: an object with one key, the kind of thing (libnftables-json(5)). */
export type NftObject = Record<string, NftFields | undefined>;
export type NftFields = {
  family?: string;
  table?: string;
  name?: string;
  chain?: string;
  hook?: string;
  prio?: number;
  dev?: string | string[];
  type?: unknown;
  comment?: string;
  packets?: number;
  bytes?: number;
  elem?: unknown[];
  expr?: unknown[];
  handle?: number;
};

/** nft prints one JSON document a line for each command it was given. */
export function parseNft(output: string): NftObject[] {
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => (JSON.parse(line) as { nftables: NftObject[] }).nftables)
    .filter((object) => object.metainfo === undefined);
}

export const fieldsOf = (objects: readonly NftObject[], kind: string): NftFields[] =>
  objects.flatMap((object) => object[kind] ?? []);

export type ObservedGate = {
  priority?: number;
  sets: { name: string; elements: unknown[] }[];
  counters: Record<string, { packets: number; bytes: number }>;
  /** Comment and priority word of every rule, in order. */
  rules: { comment: string; band?: string }[];
};

/** Our table among these objects; undefined when it is not there. */
export function readGate(objects: readonly NftObject[], instance: string): ObservedGate | undefined {
  const table = tableName(instance);
  const ours = (kind: string) => fieldsOf(objects, kind).filter((fields) => fields.family === 'inet' && fields.table === table);
  if (!fieldsOf(objects, 'table').some(({ family, name }) => family === 'inet' && name === table)) return undefined;
  return {
    priority: ours('chain').find(({ name }) => name === gateChain)?.prio,
    sets: ours('set').map(({ name = '', elem = [] }) => ({ name, elements: elem })),
    counters: readCounters(objects, instance),
    rules: ours('rule').map(({ comment = '', expr = [] }) => ({ comment, band: bandIn(expr) })),
  };
}

/** The named counters of our table, by name. */
export function readCounters(objects: readonly NftObject[], instance: string): ObservedGate['counters'] {
  const ours = fieldsOf(objects, 'counter').filter(({ family, table }) => family === 'inet' && table === tableName(instance));
  return Object.fromEntries(ours.map(({ name = '', packets = 0, bytes = 0 }) => [name, { packets, bytes }]));
}

function bandIn(expressions: readonly unknown[]): string | undefined {
  for (const expression of expressions as { mangle?: { value?: unknown } }[]) {
    if (typeof expression.mangle?.value === 'string') return expression.mangle.value;
  }
  return undefined;
}

/** Milliseconds left of a lease; nft's JSON has whole seconds, so a lease in its last second counts as 1 ms. */
export function leaseLeftMs(objects: readonly NftObject[], setName: string): number {
  const set = fieldsOf(objects, 'set').find(({ name }) => name === setName);
  const [element] = (set?.elem ?? []) as { elem?: { expires?: number } }[];
  return element === undefined ? 0 : Math.max(1, (element.elem?.expires ?? 0) * 1000);
}

type NftElement = string | { prefix: { addr: string; len: number } } | { range: [string, string] };

function rangeOf(element: NftElement, family: Family): AddressRange {
  if (typeof element === 'string') return parseBlock(element, family);
  if ('prefix' in element) return parseBlock(`${element.prefix.addr}/${String(element.prefix.len)}`, family);
  return { first: parseBlock(element.range[0], family).first, last: parseBlock(element.range[1], family).last };
}

/** What differs between the gate that was planned and the one that the kernel reports, one sentence each. */
export function gateDifferences(planned: Gate, observed: ObservedGate | undefined): string[] {
  if (observed === undefined) return [`table inet ${planned.table} is missing`];
  const differences: string[] = [];
  const compare = (what: string, wanted: readonly string[], present: readonly string[]) => {
    const [a, b] = [wanted.join(', '), present.join(', ')];
    if (a !== b) differences.push(`the ${what} of inet ${planned.table} are [${b}] instead of [${a}]`);
  };
  if (observed.priority !== planned.priority) {
    differences.push(
      `the chain of inet ${planned.table} has priority ${String(observed.priority)} instead of ${String(planned.priority)}`,
    );
  }
  const sets = [...planned.leaseSets, ...planned.peerSets.map(({ name }) => name)];
  compare('sets', sets.sort(), observed.sets.map(({ name }) => name).sort());
  compare('counters', [...planned.counters].sort(), Object.keys(observed.counters).sort());
  compare('rules', planned.rules.map(ruleText), observed.rules.map(ruleText));
  for (const { name, family, blocks } of planned.peerSets) {
    const elements = (observed.sets.find((set) => set.name === name)?.elements ?? []) as NftElement[];
    const present = joinRanges(elements.map((element) => rangeOf(element, family)));
    if (rangeText(present) !== rangeText(joinRanges(parseBlocks(blocks, family)))) {
      differences.push(`the set ${name} of inet ${planned.table} holds other addresses than planned`);
    }
  }
  return differences;
}

const ruleText = ({ comment, band }: { comment: string; band?: number | string }): string =>
  band === undefined ? comment : `${comment} → ${typeof band === 'number' ? bandHandle(band) : band}`;

const rangeText = (ranges: readonly AddressRange[]): string =>
  ranges.map(({ first, last }) => `${first.toString(16)}-${last.toString(16)}`).join(' ');
