/** What `nft -j` reports, in the terms of the plan. */
import { type AddressRange, type Family, joinRanges, parseBlock, parseBlocks } from './addresses.ts';
import type { Gate, GateObjects } from './gate.ts';
import { type GateRule, otherDevicesComment } from './gate-rules.ts';
import { instanceOfTable, tableName } from './names.ts';
import { deviceChainName, gateChain, tableFamilies, type TableFamily } from './render-gate.ts';

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

type ObservedRule = { comment: string; priority?: string; forwardTo?: string };
type ObservedSet = { name: string; elements: unknown[] };

/** One table of ours. */
export type ObservedTable = {
  sets: ObservedSet[];
  /** By name. */
  counters: Record<string, PacketCount>;
  /** By name: its priority, and comment, priority word and device of every rule, in order. */
  chains: Record<string, { priority?: number; rules: ObservedRule[] }>;
};

export type PacketCount = { packets: number; bytes: number };

/** `devices` is the table of family netdev, where there is one. */
export type ObservedGate = ObservedTable & { priority?: number; devices?: ObservedTable };

/** Families in which there is a table of ours. */
export function familiesWithTable(objects: readonly NftObject[], instance: string): TableFamily[] {
  const tables = fieldsOf(objects, 'table').filter(({ name }) => name === tableName(instance));
  return tableFamilies.filter((family) => tables.some((table) => table.family === family));
}

/** Our tables among these objects; undefined when that of family inet is not there. */
export function readGate(objects: readonly NftObject[], instance: string): ObservedGate | undefined {
  const [inet, netdev] = [readTable(objects, 'inet', instance), readTable(objects, 'netdev', instance)];
  if (inet === undefined) return undefined;
  return { ...inet, priority: inet.chains[gateChain]?.priority, ...(netdev === undefined ? {} : { devices: netdev }) };
}

function readTable(objects: readonly NftObject[], ofFamily: TableFamily, instance: string): ObservedTable | undefined {
  const table = tableName(instance);
  const ours = (kind: string) => fieldsOf(objects, kind).filter((fields) => fields.family === ofFamily && fields.table === table);
  if (!familiesWithTable(objects, instance).includes(ofFamily)) return undefined;
  const rulesOf = (chain: string) => ours('rule').filter((rule) => rule.chain === chain);
  return {
    sets: ours('set').map(({ name = '', elem = [] }) => ({ name, elements: elem })),
    counters: countersIn(ours('counter')),
    chains: Object.fromEntries(
      ours('chain').map(({ name = '', prio }) => [name, { priority: prio, rules: rulesOf(name).map(readRule) }]),
    ),
  };
}

function readRule({ comment = '', expr = [] }: NftFields): ObservedRule {
  const forwards = (expr as { fwd?: { dev?: unknown } }[]).map(({ fwd }) => fwd?.dev);
  const forwardTo = forwards.find((device) => typeof device === 'string');
  return { comment, priority: priorityIn(expr), ...(forwardTo === undefined ? {} : { forwardTo }) };
}

/** The devices on which each instance with a table here hurts what goes out, as its gate names them. */
export function devicesOfGates(objects: readonly NftObject[]): Map<string, string[]> {
  const tables = fieldsOf(objects, 'table').filter(({ family }) => family === 'inet');
  return new Map(
    tables.flatMap(({ name = '' }): [string, string[]][] => {
      const instance = instanceOfTable(name);
      if (instance === undefined) return [];
      const rules = fieldsOf(objects, 'rule').filter(({ table, comment }) => table === name && comment === otherDevicesComment);
      return [[instance, rules.flatMap(({ expr = [] }) => expr.flatMap(devicesNamed))]];
    }),
  );
}

/** nft prints a set of one element as that element. */
function devicesNamed(expression: unknown): string[] {
  const { match } = expression as { match?: { left?: { meta?: { key?: string } }; right?: string | { set?: string[] } } };
  if (match?.left?.meta?.key !== 'oifname' || match.right === undefined) return [];
  return typeof match.right === 'string' ? [match.right] : (match.right.set ?? []);
}

/** The named counters of our tables, by name; what goes out and what comes in together. */
export function readCounters(objects: readonly NftObject[], instance: string): Record<string, PacketCount> {
  const ours = fieldsOf(objects, 'counter').filter(({ table }) => table === tableName(instance));
  return countersIn(ours);
}

function countersIn(counters: readonly NftFields[]): Record<string, PacketCount> {
  const sums: Record<string, PacketCount> = {};
  for (const { name = '', packets = 0, bytes = 0 } of counters) {
    const sum = sums[name] ?? { packets: 0, bytes: 0 };
    sums[name] = { packets: sum.packets + packets, bytes: sum.bytes + bytes };
  }
  return sums;
}

function priorityIn(expressions: readonly unknown[]): string | undefined {
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
  const { table, priority, rules, devices } = planned;
  if (observed === undefined) return [`table inet ${table} is missing`];
  const atDevices = devices?.chains.map((chain) => ({
    name: deviceChainName(chain),
    priority: devices.priority,
    rules: chain.rules,
  }));
  return [
    ...tableDifferences(`inet ${table}`, planned, [{ name: gateChain, priority, rules }], observed),
    ...(devices && atDevices ? tableDifferences(`netdev ${table}`, devices, atDevices, observed.devices) : []),
    ...(devices === undefined && observed.devices !== undefined ? [`table netdev ${table} is there, and was not planned`] : []),
  ];
}

type PlannedChain = { name: string; priority: number; rules: readonly GateRule[] };

function tableDifferences(
  table: string,
  planned: GateObjects,
  chains: readonly PlannedChain[],
  observed: ObservedTable | undefined,
): string[] {
  if (observed === undefined) return [`table ${table} is missing`];
  const differences: string[] = [];
  const compare = (what: string, wanted: readonly string[], present: readonly string[]) => {
    const [a, b] = [wanted.join(', '), present.join(', ')];
    if (a !== b) differences.push(`the ${what} of ${table} are [${b}] instead of [${a}]`);
  };
  const sets = [...planned.leaseSets, ...planned.peerSets.map(({ name }) => name)];
  compare('sets', sets.sort(), observed.sets.map(({ name }) => name).sort());
  compare('counters', [...planned.counters].sort(), Object.keys(observed.counters).sort());
  compare('chains', chains.map(({ name }) => name).sort(), Object.keys(observed.chains).sort());
  for (const { name, priority, rules } of chains) {
    const present = observed.chains[name];
    if (present === undefined) continue;
    if (present.priority !== priority) {
      differences.push(`the chain ${name} of ${table} has priority ${String(present.priority)} instead of ${String(priority)}`);
    }
    compare(`rules in chain ${name}`, rules.map(ruleText), present.rules.map(ruleText));
  }
  for (const { name, family, blocks } of planned.peerSets) {
    const elements = (observed.sets.find((set) => set.name === name)?.elements ?? []) as NftElement[];
    const present = joinRanges(elements.map((element) => rangeOf(element, family)));
    if (rangeText(present) !== rangeText(joinRanges(parseBlocks(blocks, family)))) {
      differences.push(`the set ${name} of ${table} holds other addresses than planned`);
    }
  }
  return differences;
}

const ruleText = ({ comment, priority, forwardTo }: ObservedRule): string =>
  [comment, priority, forwardTo].filter((part) => part !== undefined).join(' → ');

const rangeText = (ranges: readonly AddressRange[]): string =>
  ranges.map(({ first, last }) => `${first.toString(16)}-${last.toString(16)}`).join(' ');
