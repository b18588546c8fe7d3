import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Fault } from '../../src/api/index.ts';
import {
  type DeviceTree,
  type TcQdisc,
  readBandCounts,
  readTree,
  renderTree,
  renderTreeChange,
  treeDifferences,
} from '../../src/faults/index.ts';
import { bandHandle, bandOfHandle } from '../../src/faults/tree.ts';
import qdiscs from '../fixtures/faults/tc-qdiscs.json' with { type: 'json' };
import { corrupt, delay, loss, plan, rate, reorder, slot, work } from './works.ts';

/** As tc of iproute2 6.1 printed it on a 6.1 kernel. */
const fixture: readonly TcQdisc[] = qdiscs;

const treeOf = (...effects: Fault[]): DeviceTree => {
  const faults = effects.map((effect, index) =>
    work(`f${String(index)}`, effect, { peers: { ipv4: [`10.0.0.${String(index)}`], ipv6: [] } }),
  );
  return plan(faults).trees[0] ?? { device: 'eth0', root: 'prio', bands: {} };
};
const root = 'qdisc add dev eth0 root handle fa17: prio bands 16 priomap 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0';

describe('the tree in the words of tc', () => {
  it.each<[string, Fault, string[]]>([
    [
      'a delay',
      delay(100),
      ['qdisc add dev eth0 parent fa17:2 handle fa22: netem limit 3000 delay 100000us loss 0% corrupt 0% duplicate 0%'],
    ],
    [
      'a fraction of a millisecond',
      delay(0.25),
      ['qdisc add dev eth0 parent fa17:2 handle fa22: netem limit 1000 delay 250us loss 0% corrupt 0% duplicate 0%'],
    ],
    [
      'a uniform jitter, which has no word for its distribution',
      delay(50, 5),
      ['qdisc add dev eth0 parent fa17:2 handle fa22: netem limit 1650 delay 50000us 5000us loss 0% corrupt 0% duplicate 0%'],
    ],
    [
      'a normal jitter',
      { type: 'delay', delayMs: 50, jitterMs: 5, distribution: 'normal' },
      [
        'qdisc add dev eth0 parent fa17:2 handle fa22: netem limit 2100 delay 50000us 5000us distribution normal loss 0% corrupt 0% duplicate 0%',
      ],
    ],
    [
      'a loss, under a parent that cuts super-packets',
      loss(10),
      [
        'qdisc add dev eth0 parent fa17:2 handle fa42: tbf rate 1000gbit burst 1522 limit 10mb',
        'qdisc add dev eth0 parent fa42: handle fa22: netem limit 1000 delay 0us loss 10% corrupt 0% duplicate 0%',
      ],
    ],
    [
      'bursts of loss',
      loss(10, 3),
      [
        'qdisc add dev eth0 parent fa17:2 handle fa42: tbf rate 1000gbit burst 1522 limit 10mb',
        'qdisc add dev eth0 parent fa42: handle fa22: netem limit 1000 delay 0us loss gemodel 3.703704% 33.333333% 100% 0% corrupt 0% duplicate 0%',
      ],
    ],
    [
      'the smallest loss without an exponent',
      loss(0.000001),
      [
        'qdisc add dev eth0 parent fa17:2 handle fa42: tbf rate 1000gbit burst 1522 limit 10mb',
        'qdisc add dev eth0 parent fa42: handle fa22: netem limit 1000 delay 0us loss 0.000001% corrupt 0% duplicate 0%',
      ],
    ],
    [
      'a corruption',
      corrupt(10),
      [
        'qdisc add dev eth0 parent fa17:2 handle fa42: tbf rate 1000gbit burst 1522 limit 10mb',
        'qdisc add dev eth0 parent fa42: handle fa22: netem limit 1000 delay 0us loss 0% corrupt 10% duplicate 0%',
      ],
    ],
    [
      'a reordering',
      reorder(25, 20, 5),
      [
        'qdisc add dev eth0 parent fa17:2 handle fa42: tbf rate 1000gbit burst 1522 limit 10mb',
        'qdisc add dev eth0 parent fa42: handle fa62: netem limit 3000 delay 20000us loss 0% corrupt 0% duplicate 0% reorder 25% gap 5',
      ],
    ],
    [
      'slots',
      slot(20, 30),
      [
        'qdisc add dev eth0 parent fa17:2 handle fa22: netem limit 1000 delay 0us loss 0% corrupt 0% duplicate 0% slot 20000us 30000us',
      ],
    ],
    ['a rate', rate(20e6), ['qdisc add dev eth0 parent fa17:2 handle fa82: tbf rate 20000000bit burst 10000 limit 135000']],
    [
      'a rate slower than one frame in a burst',
      rate(8),
      ['qdisc add dev eth0 parent fa17:2 handle fa82: tbf rate 8bit burst 1522 limit 1523'],
    ],
  ])('says %s', (_, effect, lines) => {
    expect(renderTree(treeOf(effect))).toEqual([root, ...lines]);
  });

  it('holds back for a delay what overtakes in a reordering, and lets the rate wait in a queue of its own', () => {
    const everywhere = [delay(100), reorder(25, 20), rate(10e6)].map((effect, index) => work(`f${String(index)}`, effect));
    const { trees, bands } = plan(everywhere);
    const chain = trees[0]?.bands[bands['f0+f1+f2'] ?? 0] ?? [];
    expect(chain.map(({ kind }) => kind)).toEqual(['segmenting', 'netem', 'netem', 'shaping']);
    expect(chain[1]).toMatchObject({ delayMs: 100 });
    expect(chain[1]).not.toHaveProperty('reordering');
    expect(chain[2]).toMatchObject({ delayMs: 20, reordering: { percent: 25, gap: 1 } });
    expect(chain.slice(1).map(({ parent }) => parent)).toEqual(chain.slice(0, -1).map(({ handle }) => handle));
  });

  it.each([
    [2, 'fa17:2'],
    [10, 'fa17:a'],
    [16, 'fa17:10'],
  ])('names band %d %s: minors are hexadecimal', (band, handle) => {
    expect(bandHandle(band)).toBe(handle);
    expect(bandOfHandle(handle, 'eth0')).toBe(band);
  });
});

describe('bandOfHandle', () => {
  it("takes the first band for ours on a device of ours only, for on others it is everybody's", () => {
    expect(bandOfHandle('fa17:1', 'eth0')).toBeUndefined();
    expect(bandOfHandle('fa17:1', 'sq0123abcdc00ff')).toBe(1);
  });
});

describe('the tree of the driver htb', () => {
  const treesOf = (...effects: Fault[]) =>
    plan(
      effects.map((effect, index) => work(`f${String(index)}`, effect)),
      { driver: 'htb' },
    ).trees;
  const root = 'root handle fa17: tbf rate 1000gbit burst 256kb limit 10mb';
  const losing = (chance: string[], defaultClass = 1) => [
    `qdisc add parent fa41: handle faa1: htb default ${String(defaultClass)}`,
    'class add parent faa1: classid faa1:1 htb rate 1000gbit quantum 60000',
    'class add parent faa1: classid faa1:2 htb rate 1000gbit quantum 60000',
    'qdisc add parent faa1:2 handle fae1: pfifo limit 0',
    ...chance,
  ];
  const segmenting = 'qdisc add parent fa17:1 handle fa41: tbf rate 1000gbit burst 1522 limit 10mb';
  const chance = (share: number) =>
    `filter add parent faa1: protocol all pref 1 bpf bytecode "4,32 0 0 4294963256,53 1 0 ${String(Math.round(share * 2 ** 32))},6 0 0 ${String(0xfaa10002)},6 0 0 0"`;
  const queue = 'qdisc add parent faa1:1 handle fac1: pfifo limit 1000';
  const shaping = (parent: string) => `qdisc add parent ${parent} handle fa81: tbf rate 8000000bit burst 4000 limit 54000`;

  it.each<[string, Fault[], string[]]>([
    ['a loss', [loss(10)], [segmenting, ...losing([chance(0.1)]), queue]],
    ['a partition, which leaves nothing to chance', [{ type: 'partition' }], [segmenting, ...losing([], 2), queue]],
    ['a rate', [rate(8e6)], [shaping('fa17:1')]],
  ])('says %s on a device of its own, and leaves the target’s as it is', (_, effects, lines) => {
    const [tree, ...others] = treesOf(...effects);
    expect(others).toEqual([]);
    if (tree === undefined) throw new Error('no tree');
    expect(tree.device).toMatch(/^sq0123abcdc[0-9a-z]{4}$/);
    expect(renderTree(tree).map((line) => line.replace(`dev ${tree.device} `, ''))).toEqual([`qdisc add ${root}`, ...lines]);
  });

  it('has a rate under what loses where a packet meets both, on a device for the two together', () => {
    const lines = treesOf(loss(10), rate(8e6)).map((tree) => renderTree(tree).join('\n'));
    expect(lines).toHaveLength(3);
    expect(lines.filter((text) => text.includes('parent faa1:1 handle fa81: tbf'))).toHaveLength(1);
  });
});

describe('renderTreeChange', () => {
  it('builds from nothing, removes to nothing, and leaves alone what is equal', () => {
    const tree = treeOf(delay(100), loss(10));
    expect(renderTreeChange(undefined, tree)).toEqual(renderTree(tree));
    expect(renderTreeChange(tree, undefined)).toEqual(['qdisc del dev eth0 root handle fa17:']);
    expect(renderTreeChange(tree, tree)).toEqual([]);
    expect(renderTreeChange(undefined, undefined)).toEqual([]);
  });

  it('adds and removes bands beside those that stay', () => {
    const [one, both] = [treeOf(delay(10)), treeOf(delay(10), delay(20))];
    expect(renderTreeChange(one, both)).toEqual([
      'qdisc add dev eth0 parent fa17:3 handle fa23: netem limit 1000 delay 20000us loss 0% corrupt 0% duplicate 0%',
    ]);
    expect(renderTreeChange(both, one)).toEqual(['qdisc del dev eth0 parent fa17:3']);
  });

  it('changes a limit in place, so that no waiting packet is lost', () => {
    const tree = treeOf(delay(100));
    const [band] = tree.bands[2] ?? [];
    const wider = { ...tree, bands: { 2: band === undefined ? [] : [{ ...band, limit: 500 }] } };
    expect(renderTreeChange(wider, tree)).toEqual([
      'qdisc change dev eth0 parent fa17:2 handle fa22: netem limit 3000 delay 100000us loss 0% corrupt 0% duplicate 0%',
    ]);
  });

  it('finishes a band that was left half-built', () => {
    const tree = treeOf(loss(10));
    const half = { ...tree, bands: { 2: tree.bands[2]?.slice(0, 1) ?? [] } };
    expect(renderTreeChange(half, tree)).toEqual(['qdisc del dev eth0 parent fa17:2', ...renderTree(tree).slice(1)]);
  });

  it('leads from any tree to any other, and removes no band that is in both', () => {
    const effect = fc
      .tuple(
        fc.constantFrom(delay, loss, corrupt, (mbit: number) => rate(mbit * 1e6)),
        fc.integer({ min: 8, max: 50 }),
      )
      .map(([make, one]) => make(one));
    const trees = fc.array(effect, { minLength: 1, maxLength: 4 }).map((effects) => treeOf(...effects));
    fc.assert(
      fc.property(trees, trees, (from, to) => {
        const [before, after] = [renderTree(from), renderTree(to)];
        const change = renderTreeChange(from, to);
        expect(runTc([...before, ...change])).toEqual(runTc(after));
        const withoutLimit = (lines: string[]) => lines.map((line) => line.replace(/limit \d+/, ''));
        const inBoth = withoutLimit(before).filter((line) => line.includes(' netem ') && withoutLimit(after).includes(line));
        for (const line of inBoth) {
          const band = (Number.parseInt(/handle (\w+):/.exec(line)?.[1] ?? '', 16) - 0xfa20).toString(16);
          expect(change).not.toContain(`qdisc del dev eth0 parent fa17:${band}`);
        }
      }),
    );
  });
});

/** What tc would make of these lines: the words of each qdisc by handle. Refuses what tc refuses. */
function runTc(lines: readonly string[]): Record<string, string> {
  const qdiscs = new Map<string, { parent: string; words: string }>();
  const remove = (parent: string) => {
    for (const [handle, qdisc] of qdiscs) {
      if (qdisc.parent !== parent) continue;
      qdiscs.delete(handle);
      remove(handle);
    }
  };
  for (const line of lines) {
    const [, verb, parent = '', words = ''] = /^qdisc (add|change|del) dev eth0 (root|parent \S+)(.*)$/.exec(line) ?? [];
    const place = parent.replace('parent ', '');
    const handle = /handle (\S+)/.exec(words)?.[1] ?? '';
    const taken = [...qdiscs.values()].some((qdisc) => qdisc.parent === place);
    if (verb === 'add' ? taken : !taken) throw new Error(`tc refuses '${line}'`);
    if (verb === 'del') remove(place);
    else qdiscs.set(handle, { parent: place, words });
  }
  return Object.fromEntries([...qdiscs].map(([handle, { parent, words }]) => [handle, `${parent}${words}`]));
}

describe('what tc reports', () => {
  const faults = [
    work('a', delay(200), { peers: { ipv4: ['10.0.0.1'], ipv6: [] } }),
    work('b', loss(10), { peers: { ipv4: ['10.0.0.2'], ipv6: [] } }),
    work('c', loss(10, 3), { peers: { ipv4: ['10.0.0.3'], ipv6: [] } }),
    work('d', delay(50.5, 5), { peers: { ipv4: ['10.0.0.4'], ipv6: [] } }),
  ];
  const [planned] = plan(faults).trees;
  if (planned === undefined) throw new Error('no tree');

  it('is the plan, once the kernel has it', () => {
    const observed = readTree(fixture, 'eth0');
    expect(treeDifferences(planned, observed)).toEqual([]);
    expect(renderTreeChange(observed, planned)).toEqual([]);
  });

  it.each([
    ['no tree at all', [], /no root qdisc fa17:/],
    ['a band less', fixture.filter(({ handle }) => handle !== 'fa22:'), /band fa17:2 of eth0 holds nothing instead of/],
    ['a netem less under its parent', fixture.filter(({ handle }) => handle !== 'fa23:'), /band fa17:3/],
    [
      'another delay',
      changed('fa22:', { limit: 2276, delay: { delay: 0.1, jitter: 0 } }),
      /delay 100000us.*instead of.*200000us/,
    ],
    ['another loss', changed('fa23:', { limit: 594, 'loss-random': { loss: 0.2 } }), /loss 20%.*instead of.*loss 10%/],
    ['no loss', changed('fa23:', { limit: 594 }), /loss 0%/],
  ])('differs from the plan where there is %s', (_, qdiscs, difference) => {
    expect(treeDifferences(planned, readTree(qdiscs, 'eth0')).join()).toMatch(difference);
  });

  function changed(handle: string, options: object) {
    return fixture.map((qdisc) => (qdisc.handle === handle ? { ...qdisc, options } : qdisc));
  }

  it('counts packets where they are decided, and those that wait', () => {
    const counted = fixture.map((qdisc) =>
      qdisc.handle === 'fa23:'
        ? { ...qdisc, packets: 90, drops: 10, qlen: 0 }
        : qdisc.handle === 'fa43:'
          ? { ...qdisc, packets: 90, drops: 10, qlen: 1 }
          : qdisc,
    );
    expect(readBandCounts(counted, 'eth0')[3]).toEqual({ sent: 90, drops: 10, waiting: 1 });
  });

  it('is no tree of ours on another device, nor under another root', () => {
    expect(readTree(fixture, 'eth1')).toBeUndefined();
    expect(
      readTree(
        fixture.map((qdisc) => (qdisc.root === true ? { ...qdisc, handle: '1:' } : qdisc)),
        'eth0',
      ),
    ).toBeUndefined();
  });
});
