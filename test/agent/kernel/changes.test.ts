import { describe, expect, it } from 'vitest';
import { changesBetween } from '../../../src/agent/kernel/changes.ts';
import type { Observation } from '../../../src/agent/kernel/programs.ts';
import { residueIn } from '../../../src/agent/kernel/reconcile.ts';
import { delay, work } from '../../faults/works.ts';
import { entryOf, instance, plain } from './entries.ts';

const table = { table: { family: 'ip', name: 'theirs', handle: 1 } };
const rule = (packets: number, verdict = 'accept') => ({
  rule: {
    family: 'ip',
    table: 'theirs',
    chain: 'out',
    handle: 4,
    expr: [{ counter: { packets, bytes: packets } }, { [verdict]: null }],
  },
});
const set = (flags: string[], elem: unknown[]) => ({
  set: { family: 'ip', table: 'theirs', name: 's', type: 'ipv4_addr', flags, elem },
});
const ourTable = { table: { family: 'inet', name: `squall_${instance}`, handle: 9 } };
const root = { kind: 'prio', handle: 'fa17:', dev: 'eth0', root: true };
const carrier = (operstate: string, flags: string[]) => plain.links.map((link) => ({ ...link, operstate, flags }));
const withHtb = (direct_packets_stat: number): Observation => ({
  ...plain,
  qdiscs: [
    ...plain.qdiscs,
    { kind: 'htb', handle: '5:', dev: 'eth1', root: true, options: { limit: 32, ...{ direct_packets_stat } } },
  ],
});
const after = (more: Partial<Observation>): Observation => ({ ...plain, ...more });

describe('changesBetween', () => {
  it.each<[string, Observation, Observation]>([
    ['nothing', plain, plain],
    ['counters', after({ objects: [table, rule(1)] }), after({ objects: [table, rule(99)] })],
    [
      'elements of a timed set',
      after({ objects: [set(['timeout'], ['192.0.2.1'])] }),
      after({ objects: [set(['timeout'], [])] }),
    ],
    [
      'elements of a dynamic set',
      after({ objects: [set(['dynamic'], [])] }),
      after({ objects: [set(['dynamic'], ['192.0.2.1'])] }),
    ],
    ['the counter that tc says among the options of an htb', withHtb(0), withHtb(7)],
    ['counters of qdiscs', plain, after({ qdiscs: plain.qdiscs.map((qdisc) => ({ ...qdisc, packets: 5, qlen: 1 })) })],
    [
      'a carrier that came',
      after({ links: carrier('LOWERLAYERDOWN', ['UP', 'NO-CARRIER']) }),
      after({ links: carrier('UP', ['UP', 'LOWER_UP']) }),
    ],
    ['our own table', plain, after({ objects: [ourTable] })],
  ])('says nothing of %s', (_, before, now) => {
    expect(changesBetween(before, now, instance)).toEqual([]);
  });

  it.each<[string, Observation, Observation, string[]]>([
    ['a new table', plain, after({ objects: [table] }), ['nftables table ip theirs has appeared']],
    ['a table that went', after({ objects: [table] }), plain, ['nftables table ip theirs has gone']],
    [
      'another verdict',
      after({ objects: [rule(1)] }),
      after({ objects: [rule(1, 'drop')] }),
      ['nftables rule ip theirs handle 4 has changed'],
    ],
    [
      'an element of a constant set',
      after({ objects: [set([], ['192.0.2.1'])] }),
      after({ objects: [set([], [])] }),
      ['nftables set ip theirs s has changed'],
    ],
    [
      'the MTU of a link',
      plain,
      after({ links: plain.links.map((link) => ({ ...link, mtu: 1400 })) }),
      ['link lo has changed', 'link eth0 has changed'],
    ],
    [
      "somebody's root qdisc",
      plain,
      after({ qdiscs: [...plain.qdiscs.slice(0, 1), { kind: 'fq', handle: '8001:', dev: 'eth0', root: true }] }),
      ['qdisc 0: (root) of eth0 has gone', 'qdisc 8001: (root) of eth0 has appeared'],
    ],
    [
      "another instance's table",
      plain,
      after({ objects: [{ table: { family: 'inet', name: 'squall_ffffffff' } }] }),
      ['nftables table inet squall_ffffffff has appeared'],
    ],
  ])('tells of %s', (_, before, now, sentences) => {
    expect(changesBetween(before, now, instance)).toEqual(sentences);
  });
});

describe('residueIn', () => {
  it('counts what is on a device that was renamed, and nothing on one that has taken its name', () => {
    const links = [...plain.links.map((link) => (link.ifindex === 2 ? { ...link, ifname: 'net0', txqlen: 1000 } : link))];
    const taken = [...links, { ifindex: 7, ifname: 'eth0', mtu: 1500, txqlen: 1000 }];
    const known = { ...entryOf([work('f1', delay(10))]), indexes: [2] };
    const trees = ['net0', 'eth0'].map((dev) => ({ ...root, dev }));
    expect(residueIn(after({ links: taken, qdiscs: trees }), instance, known)).toEqual([
      'root qdisc fa17: of net0',
      'queue length of net0',
    ]);
    expect(residueIn(after({ links: taken.slice(2), qdiscs: trees.slice(1) }), instance, known)).toEqual([]);
  });

  const entry = entryOf([work('f1', delay(10))]);
  const emptied = (txqlen?: number) => plain.links.map((link) => (link.ifname === 'eth0' ? { ...link, txqlen } : link));
  it.each<[string, Observation, number]>([
    ['nothing', plain, 0],
    ['our table', after({ objects: [ourTable] }), 1],
    ['our root', after({ qdiscs: [root] }), 1],
    ['a queue length that the kernel set with our root', after({ links: emptied(1000) }), 1],
    ['all of them', after({ objects: [ourTable], qdiscs: [root], links: emptied(1000) }), 3],
    ['a queue length that somebody else set', after({ links: emptied(500) }), 0],
    ["another instance's table", after({ objects: [{ table: { family: 'inet', name: 'squall_ffffffff' } }] }), 0],
    ['a tree on a device that we never touched', after({ qdiscs: [{ ...root, dev: 'eth1' }] }), 0],
  ])('counts %s', (_, observation, count) => {
    expect(residueIn(observation, instance, entry)).toHaveLength(count);
  });
});
