import { describe, expect, it } from 'vitest';
import type { Driver, FaultWork } from '../../../src/api/index.ts';
import type { LedgerEntry } from '../../../src/agent/kernel/ledger.ts';
import { decidePreparation } from '../../../src/agent/kernel/preparation.ts';
import type { Observation } from '../../../src/agent/kernel/programs.ts';
import type { EgressWay, NftObject, TcQdisc } from '../../../src/faults/index.ts';
import { delay, loss, work } from '../../faults/works.ts';
import { entryOf, instance, plain, somewhere } from './entries.ts';

const decide = (
  one: FaultWork,
  observation: Observation = plain,
  entry?: LedgerEntry,
  driver: Driver = 'netem',
  egress: EgressWay = 'own-root',
) => decidePreparation({ instance, bootId: 'this-boot', namespace: somewhere, work: one, observation, entry, driver, egress });
const chain = (family: string, prio: number, hook = 'postrouting', more = {}): NftObject => ({
  chain: { family, table: 'theirs', name: 'out', hook, prio, ...more },
});
const withObjects = (...objects: NftObject[]): Observation => ({ ...plain, objects });
const withQdiscs = (...qdiscs: TcQdisc[]): Observation => ({
  ...plain,
  qdiscs: [...plain.qdiscs.filter(({ dev }) => dev !== 'eth0'), ...qdiscs],
});
const ours: NftObject[] = [
  { table: { family: 'inet', name: `squall_${instance}` } },
  { chain: { family: 'inet', table: `squall_${instance}`, name: 'egress', hook: 'postrouting', prio: 300 } },
];
const slow = work('slow', delay(100));

describe('decidePreparation', () => {
  it('keeps the driver that the faults of a target were planned for, and refuses what only another does', () => {
    const first = decide(work('lossy', loss(1)), plain, undefined, 'htb');
    expect(first.plan).toMatchObject({ driver: 'htb', trees: [{ root: 'tbf' }] });
    const observed = withObjects(...ours);
    expect(decide(work('lossier', loss(2)), observed, first, 'netem').plan.driver).toBe('htb');
    expect(() => decide(slow, observed, first, 'netem')).toThrow(/^OtherDriver: .*wait for them to end/);
    expect(() => decide(slow, observed, first, 'htb')).toThrow(/^NeedsNetem/);
  });

  describe('where the kernel can send what goes out to a device of ours', () => {
    const clsact: TcQdisc = { kind: 'clsact', handle: 'ffff:', dev: 'eth0', parent: 'ffff:fff1' };
    const noqueue: TcQdisc = { kind: 'noqueue', handle: '0:', dev: 'eth0', root: true };
    const guarded = withQdiscs(noqueue, clsact);
    const onDevice = (one: FaultWork, observation = plain, entry?: LedgerEntry) =>
      decide(one, observation, entry, 'netem', 'own-device');

    it('leaves the root of the device as it is, with a chain after those of others', () => {
      const { plan, indexes } = onDevice(slow, withObjects(chain('netdev', 700, 'ingress', { dev: 'eth0' })));
      expect(plan.egress).toEqual({ eth0: 'own-device' });
      expect(plan.trees.map(({ device }) => device)).toEqual(plan.intermediates.map(({ name }) => name));
      expect(plan.gate.devices).toMatchObject({ priority: 701, chains: [{ hook: 'egress', device: 'eth0' }] });
      expect(indexes).toEqual([]);
    });

    it('takes a root of ours beside clsact, and keeps it when clsact has gone', () => {
      const first = onDevice(slow, guarded);
      expect(first.plan.egress).toEqual({ eth0: 'own-root' });
      const ourRoot: TcQdisc = { kind: 'prio', handle: 'fa17:', dev: 'eth0', root: true };
      const later = { ...withQdiscs(ourRoot), objects: ours };
      expect(onDevice(work('lossy', loss(1)), later, first).plan.egress).toEqual({ eth0: 'own-root' });
    });

    it('keeps a device of ours when the kernel seems to lack it later, and refuses what would join beside a new clsact', () => {
      const first = onDevice(slow);
      const observed = withObjects(...ours);
      expect(decide(work('lossy', loss(1)), observed, first).plan.egress).toEqual({ eth0: 'own-device' });
      expect(() => onDevice(work('lossy', loss(1)), { ...guarded, objects: ours }, first)).toThrow(/^ForeignFilters: eth0/);
    });

    it('decides for each device of a target by itself, and for one whose first fault comes in when another goes out', () => {
      const links = [...plain.links, { ifindex: 3, ifname: 'eth1', mtu: 1500 }];
      const first = onDevice(slow, { ...plain, links });
      const second = onDevice(
        { ...slow, id: 'other', device: 'eth1' },
        { ...plain, links, qdiscs: [{ ...clsact, dev: 'eth1' }] },
        first,
      );
      expect(second.plan.egress).toEqual({ eth0: 'own-device', eth1: 'own-root' });
      const incoming = onDevice({ ...slow, direction: 'ingress' }, guarded);
      expect(incoming.plan.egress).toEqual({});
      expect(onDevice(work('lossy', loss(1)), { ...guarded, objects: ours }, incoming).plan.egress).toEqual({ eth0: 'own-root' });
    });

    it('refuses a root of somebody else’s all the same', () => {
      const foreign = withQdiscs({ kind: 'htb', handle: '5:', dev: 'eth0', root: true });
      expect(() => onDevice(slow, foreign)).toThrow(/^ForeignQdisc: .*htb 5:/);
      expect(() => onDevice({ ...slow, direction: 'ingress' }, foreign)).not.toThrow();
    });
  });

  it('records what was there before the first fault, and keeps that record when others join', () => {
    const first = decide(slow);
    expect(first).toMatchObject({ snapshot: plain, works: [slow], carried: {} });
    const second = decide(work('lossy', loss(1)), withObjects(...ours), first);
    expect(second.snapshot).toBe(first.snapshot);
    expect(second.works.map(({ id }) => id)).toEqual(['slow', 'lossy']);
    expect(second.plan.bands).toMatchObject(first.plan.bands);
  });

  it('keeps the number of every device that a tree was put on, also of one whose name another has taken', () => {
    const first = decide(slow);
    expect(first.indexes).toEqual([2]);
    const eth1 = { ifindex: 3, ifname: 'eth1', mtu: 1500 };
    const links = [...plain.links, eth1];
    expect(decide({ ...slow, id: 'other', device: 'eth1' }, { ...plain, links }, first).indexes).toEqual([2, 3]);
    const renamed = plain.links.map((link) => (link.ifindex === 2 ? { ...link, ifname: 'net0' } : link));
    const another = { ...plain, links: [...renamed, { ...eth1, ifname: 'eth0' }] };
    expect(decide({ ...slow, id: 'other' }, another, first).indexes).toEqual([2, 3]);
    // Of an entry that was written before numbers were kept.
    const { indexes: _none, ...older } = first;
    expect(decide(work('lossy', loss(1)), plain, older).indexes).toEqual([2]);
  });

  it('decides the same again for a fault that is prepared already', () => {
    const first = decide(slow);
    expect(decide(slow, withObjects(...ours), first)).toEqual(first);
  });

  it('leaves the exposure rules of other pods out', () => {
    const exposure = ['pod', 'other'].map((podUid) => ({
      hypothesis: podUid,
      podUid,
      address: '10.0.0.1',
      protocol: 'icmp' as const,
    }));
    expect(decide({ ...slow, exposure }).plan.gate.exposure.map(({ hypothesis }) => hypothesis)).toEqual(['pod']);
  });

  it.each([
    ['nobody', [], 300],
    ['chains before ours', [chain('ip', -150), chain('inet', 299)], 300],
    ['a chain in our usual place', [chain('ip6', 300)], 301],
    ['a late chain', [chain('inet', 900), chain('ip', 10)], 901],
    ['late chains of other hooks', [chain('inet', 900, 'input'), chain('netdev', 900, 'ingress', { dev: 'eth0' })], 300],
    ['a chain in the egress hook of another device', [chain('netdev', 0, 'egress', { dev: 'eth1' })], 300],
    ['a chain of bridges', [chain('bridge', 900)], 300],
  ])('comes after %s', (_, objects, priority) => {
    expect(decide(slow, withObjects(...objects)).plan.gate.priority).toBe(priority);
  });

  it('keeps the priority of its chain, which the kernel cannot change', () => {
    const first = decide(slow, withObjects(chain('ip', 500)));
    const late: NftObject[] = ours.map((object) =>
      object.chain === undefined ? object : { chain: { ...object.chain, prio: 501 } },
    );
    expect(decide(work('b', delay(1)), withObjects(chain('ip', 10), ...late), first).plan.gate.priority).toBe(501);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a missing device', () => decide(work('slow', delay(1), { device: 'eth7' })), /^DeviceMissing: .*'eth7'.*lo, eth0/],
    [
      'a foreign root',
      () => decide(slow, withQdiscs({ kind: 'fq_codel', handle: '8001:', dev: 'eth0', root: true })),
      /^ForeignQdisc: .*fq_codel 8001:/,
    ],
    [
      'a foreign qdisc under a root of the kernel',
      () =>
        decide(
          slow,
          withQdiscs(
            { kind: 'mq', handle: '0:', dev: 'eth0', root: true },
            { kind: 'fq', handle: '8002:', dev: 'eth0', parent: ':1' },
          ),
        ),
      /^ForeignQdisc/,
    ],
    [
      "another instance's root",
      () => decide(slow, withQdiscs({ kind: 'prio', handle: 'fa17:', dev: 'eth0', root: true })),
      /^ForeignQdisc/,
    ],
    [
      'a chain that nothing can come after',
      () => decide(slow, withObjects(chain('inet', 2_147_483_647))),
      /^ForeignChainAfterOurs/,
    ],
    [
      'a chain that came after ours',
      () => decide(work('b', delay(1)), withObjects(...ours, chain('ip', 300)), decide(slow)),
      /^ForeignChainAfterOurs: .*ip theirs has priority 300/,
    ],
    [
      'an egress hook on the device',
      () => decide(slow, withObjects(chain('netdev', 0, 'egress', { dev: ['eth1', 'eth0'] }))),
      /^ForeignChainAfterOurs: .*netdev theirs/,
    ],
    ['a table of ours that the ledger does not know', () => decide(slow, withObjects(...ours)), /^LeftOver/],
    [
      'other figures under a known id',
      () => decide(work('slow', delay(200)), withObjects(...ours), decide(slow)),
      /^FaultChanged/,
    ],
  ])('refuses %s', (_, attempt, reason) => {
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'KernelRefused', message: expect.stringMatching(reason) as string }) as Error,
    );
  });

  it('takes a clsact qdisc beside a root of the kernel, and the many queues of a big device', () => {
    const beside = withQdiscs(
      { kind: 'mq', handle: '0:', dev: 'eth0', root: true },
      { kind: 'fq_codel', handle: '0:', dev: 'eth0', parent: ':1' },
      { kind: 'clsact', handle: 'ffff:', dev: 'eth0', parent: 'ffff:fff1' },
    );
    expect(decide(slow, beside).plan.trees).toHaveLength(1);
  });

  it('keeps nothing for the ledger that JSON would lose', () => {
    const entry = entryOf([slow, work('lossy', loss(10, 3), { peers: { ipv4: ['10.0.0.0/8'], ipv6: ['fd00::1'] } })]);
    expect(JSON.parse(JSON.stringify(entry))).toEqual(entry);
  });
});
