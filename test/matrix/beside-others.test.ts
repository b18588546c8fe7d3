/** Faults of every direction beside what others have set up in the same hooks: what those drop stays dropped, and all of it is left as it was. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Fault } from '../../src/api/index.ts';
import { codeOf, messageOf } from '../../src/lib/index.ts';
import {
  addressesOf,
  assertSame,
  createPair,
  delay,
  inside,
  type Pair,
  ping,
  type Snapshot,
  snapshot,
  start,
  work,
} from '../kernel/namespaces.ts';
import { answered, median } from '../kernel/statistics.ts';

const addedMs = 60;
const [open, blocked] = [2, 3];

/** Commands by which somebody drops what goes to peer 3 or comes from it, and by which they take that away again. */
type Foreign = { name: string; set: string[][]; unset: string[][]; input?: string };

const nft = (input: string): Pick<Foreign, 'set' | 'input'> => ({ set: [['nft', '-f', '-']], input });
const droppingFilters = (parent: string[], end: 'src' | 'dst') =>
  [
    ['ip', '10.99.0.3'],
    ['ipv6', 'fd99::3'],
  ].map(([protocol = '', address = ''], index) =>
    `tc filter add dev eth0 ${parent.join(' ')} prio ${String(index + 1)} protocol ${protocol} flower ${end}_ip ${address} action drop`.split(
      ' ',
    ),
  );
const netdevDrop = (hook: string, priority: number) => `table netdev edge {
  chain guard {
    type filter hook ${hook} device "eth0" priority ${String(priority)}; policy accept;
    ip saddr 10.99.0.3 counter drop
    ip6 saddr fd99::3 icmpv6 type { echo-request, echo-reply } counter drop
  }
}
`;
const postroutingDrop = (family: 'inet' | 'both', priority: number) =>
  (family === 'inet' ? ['inet'] : ['ip', 'ip6'])
    .map(
      (table) => `table ${table} firewall {
  chain guard {
    type filter hook postrouting priority ${String(priority)}; policy accept;
    ${table === 'ip6' ? '' : 'ip daddr 10.99.0.3 counter drop'}
    ${table === 'ip' ? '' : 'ip6 daddr fd99::3 icmpv6 type { echo-request, echo-reply } counter drop'}
  }
}
`,
    )
    .join('');
const tables = (...names: string[]) => names.map((name) => ['nft', 'delete', 'table', ...name.split(' ')]);
const noQueue = ['ip', 'link', 'set', 'eth0', 'txqueuelen', '0'];
const noQdisc = (kind: string) => [['tc', 'qdisc', 'del', 'dev', 'eth0', kind]];

const foreign: Foreign[] = [
  { name: 'nobody', set: [], unset: [] },
  {
    name: 'filters of clsact on what goes out',
    set: [['tc', 'qdisc', 'add', 'dev', 'eth0', 'clsact'], ...droppingFilters(['egress'], 'dst')],
    unset: noQdisc('clsact'),
  },
  {
    name: 'filters of clsact on what comes in',
    set: [['tc', 'qdisc', 'add', 'dev', 'eth0', 'clsact'], ...droppingFilters(['ingress'], 'src')],
    unset: noQdisc('clsact'),
  },
  {
    name: 'filters of an ingress qdisc',
    set: [['tc', 'qdisc', 'add', 'dev', 'eth0', 'ingress'], ...droppingFilters(['parent', 'ffff:'], 'src')],
    unset: noQdisc('ingress'),
  },
  { name: 'an ingress chain at the device', ...nft(netdevDrop('ingress', 0)), unset: tables('netdev edge') },
  {
    name: 'an ingress chain of the priority that ours has else',
    ...nft(netdevDrop('ingress', 300)),
    unset: tables('netdev edge'),
  },
  { name: 'a postrouting chain long after most', ...nft(postroutingDrop('inet', 900)), unset: tables('inet firewall') },
  {
    name: 'postrouting chains of each family, of the priority that ours has else',
    ...nft(postroutingDrop('both', 300)),
    unset: tables('ip firewall', 'ip6 firewall'),
  },
  {
    name: "somebody's own ifb with a qdisc, and a firewall at input",
    ...nft(`table inet firewall {
  chain guard {
    type filter hook input priority 0; policy accept;
    ip saddr 10.99.0.3 counter drop
    ip6 saddr fd99::3 icmpv6 type { echo-request, echo-reply } counter drop
  }
}
`),
    unset: [...tables('inet firewall'), ['ip', 'link', 'del', 'ifb7']],
  },
];

describe('a fault beside others', () => {
  let pair: Pair;
  let untouched: Snapshot;
  before(async () => {
    pair = await createPair({ queueLength: 0 });
    untouched = await snapshot(pair.target);
  });
  afterEach(async () => {
    await pair.driver.sweep();
  });
  after(async () => {
    await pair.dispose();
  });

  const timesTo = async (number: number) => {
    const times = await ping(pair.target, addressesOf(number), { count: 3, periodMs: 20, timeoutMs: 300 });
    return addressesOf(number).map((address) => answered(times[address] ?? []));
  };
  const assertBlocked = async (when: string) => {
    for (const times of await timesTo(blocked)) assert.deepEqual(times, [], `${when}: what was dropped came through`);
  };

  for (const { name, set, unset, input } of foreign) {
    const drops = name !== 'nobody';
    it(`delays both ways beside ${name}, whose drops stay drops, and leaves it as it was`, async () => {
      if (name.includes('ifb')) {
        await inside(pair.target, ['ip', 'link', 'add', 'ifb7', 'type', 'ifb']);
        await inside(pair.target, ['ip', 'link', 'set', 'ifb7', 'up']);
        await inside(pair.target, ['tc', 'qdisc', 'replace', 'dev', 'ifb7', 'root', 'handle', '7:', 'pfifo', 'limit', '77']);
      }
      for (const args of set) await inside(pair.target, args, input);
      const before = await snapshot(pair.target);
      try {
        if (drops) await assertBlocked('before');
        await start(pair, work('slow', delay(addedMs), 'all', { direction: 'both' }));
        // fping prints three digits: what is held for 120.4 ms is 120.
        for (const times of await timesTo(open))
          assert.ok(median(times) > 2 * addedMs - 1, `${name}: ${String(median(times))} ms`);
        if (drops) await assertBlocked('while delayed');
        await pair.driver.close(pair.namespace, 'slow');
        if (drops) await assertBlocked('once closed');
        const removal = await pair.driver.remove(pair.namespace, 'slow');
        assert.deepEqual(removal, { residue: 0, changedByOthers: [] });
        assertSame(await snapshot(pair.target), before);
        if (drops) await assertBlocked('after');
      } finally {
        await pair.driver.sweep();
        for (const args of unset) await inside(pair.target, args);
        // The kernel itself has changed it, when a qdisc of theirs came.
        await inside(pair.target, noQueue);
      }
      assertSame(await snapshot(pair.target), untouched);
    });
  }

  const duplicate: Fault = { type: 'duplicate', percent: 100 };
  const refusals: { name: string; set: string[]; unset: string[]; fault: Fault; direction: 'egress' | 'both'; reason: RegExp }[] =
    [
      ...['fq_codel', 'pfifo_fast', 'htb default 1', 'fq'].map((kind) => ({
        name: `a root qdisc ${kind} that somebody has set`,
        set: `tc qdisc add dev eth0 root handle 5: ${kind}`.split(' '),
        unset: 'tc qdisc del dev eth0 root'.split(' '),
        fault: delay(addedMs),
        direction: 'both' as const,
        reason: /^ForeignQdisc: eth0 has the qdisc/,
      })),
      {
        name: 'a duplication on its way out beside clsact',
        set: 'tc qdisc add dev eth0 clsact'.split(' '),
        unset: 'tc qdisc del dev eth0 clsact'.split(' '),
        fault: duplicate,
        direction: 'egress',
        reason: /^ForeignFilters: eth0 has the qdisc clsact/,
      },
    ];
  for (const { name, set, unset, fault, direction, reason } of refusals) {
    it(`is refused beside ${name}, and touches nothing`, async () => {
      await inside(pair.target, set);
      const before = await snapshot(pair.target);
      const error: unknown = await pair.driver
        .prepare(pair.namespace, work('one', fault, 'all', { direction }))
        .catch((thrown: unknown) => thrown);
      assert.equal(codeOf(error), 'KernelRefused');
      assert.match(messageOf(error), reason);
      assertSame(await snapshot(pair.target), before);
      await inside(pair.target, unset);
      await inside(pair.target, noQueue);
      assertSame(await snapshot(pair.target), untouched);
    });
  }
});
