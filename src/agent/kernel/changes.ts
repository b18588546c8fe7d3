/** What somebody else changed in a namespace while faults of ours were in it. */
import { instanceOfDevice, type NftObject, readTree, tableName, type TcQdisc } from '../../faults/index.ts';
import type { IpLink, Observation } from './programs.ts';

/**
 * One sentence for every qdisc, link or nftables object that came, went or changed between two observations. Counters, remaining
 * times of timed elements and everything of this instance are left out.
 */
export function changesBetween(before: Observation, after: Observation, instance: string): string[] {
  const [old, now] = [itemsOf(before, instance), itemsOf(after, instance)];
  const names = [...new Set([...old.keys(), ...now.keys()])];
  return names.flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === is) return [];
    return [`${name} ${was === undefined ? 'has appeared' : is === undefined ? 'has gone' : 'has changed'}`];
  });
}

function itemsOf({ qdiscs, links, objects }: Observation, instance: string): Map<string, string> {
  const items = new Map<string, string>();
  const isOurDevice = (name: string): boolean => instanceOfDevice(name) === instance;
  for (const qdisc of qdiscs) {
    if (isOurDevice(qdisc.dev ?? '') || isOurs(qdisc, qdiscs)) continue;
    const { kind, handle, dev = '', parent = 'root', root, options } = qdisc;
    items.set(
      `qdisc ${handle} (${root === true ? 'root' : parent}) of ${dev}`,
      JSON.stringify({ kind, options: settled(options) }),
    );
  }
  for (const link of links.filter(({ ifname }) => !isOurDevice(ifname)))
    items.set(`link ${link.ifname}`, JSON.stringify(configurationOf(link)));
  for (const [name, value] of objects.flatMap((object) => nftItem(object, tableName(instance)))) items.set(name, value);
  return items;
}

/** Flags that come and go with the other end of the cable. */
const carrierFlags = ['LOWER_UP', 'RUNNING', 'NO-CARRIER'];

/** A link without its state, which nobody sets, and without the name of its qdisc, which the list of qdiscs says again. */
function configurationOf(link: IpLink): object {
  const flags = link.flags?.filter((flag) => !carrierFlags.includes(flag));
  return { ...link, flags, operstate: undefined, qdisc: undefined };
}

function isOurs({ dev = '' }: TcQdisc, all: readonly TcQdisc[]): boolean {
  return readTree(all, dev) !== undefined;
}

function nftItem(object: NftObject, ours: string): [string, string][] {
  return Object.entries(object).flatMap(([kind, fields]): [string, string][] => {
    if (fields === undefined) return [];
    const { family = '', name, table, handle } = fields;
    const isOurFamily = family === 'inet' || family === 'netdev';
    if (isOurFamily && (table === ours || (kind === 'table' && name === ours))) return [];
    const place = [family, table, name ?? `handle ${String(handle)}`].filter((part) => part !== undefined).join(' ');
    return [[`nftables ${kind} ${place}`, JSON.stringify(settled(fields))]];
  });
}

/** The same without what changes by itself: counters (tc says one of an htb among its options), and the elements of sets whose elements come and go. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settled);
  if (typeof value !== 'object' || value === null) return value;
  // Newer nft prints a single flag without a list.
  const flags: unknown[] = 'flags' in value ? [value.flags].flat() : [];
  const changesByItself = flags.includes('timeout') || flags.includes('dynamic');
  const skipped = ['packets', 'bytes', 'used', 'expires', 'direct_packets_stat', ...(changesByItself ? ['elem'] : [])];
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (skipped.includes(key) ? [] : [[key, settled(inner)]])),
  );
}
