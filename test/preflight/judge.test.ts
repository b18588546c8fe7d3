import type { FaultWork } from '../../src/api/index.ts';
import { describe, expect, it } from 'vitest';
import {
  judgeCapability,
  judgeComposition,
  judgeDevice,
  judgeHosts,
  judgeDistribution,
  judgeLease,
  judgeTool,
  unknownSystem,
} from '../../src/preflight/index.ts';

describe('judgeCapability', () => {
  it('names the module and the packages where a queueing discipline is missing', () => {
    const result = judgeCapability(
      { check: 'capability', capability: 'netem' },
      { ok: false, message: 'Error: Specified qdisc kind is unknown.' },
      unknownSystem,
    );
    expect(result).toMatchObject({ ok: false });
    expect(result.found).toMatch(/^QdiscMissing: .*Specified qdisc kind is unknown/);
    expect(result.remedy).toMatch(/sch_netem/);
    expect(result.remedy).toMatch(/linux-modules-extra/);
    expect(result.remedy).toMatch(/kernel-modules-extra/);
  });

  it('has no remedy for what works', () => {
    expect(judgeCapability({ check: 'capability', capability: 'prio' }, { ok: true, message: '' }, unknownSystem)).toMatchObject({
      ok: true,
      remedy: '',
    });
  });
});

describe('judgeDevice', () => {
  const check = { check: 'device' as const, podUid: 'p', device: 'eth0' };
  const devices = ['lo', 'eth0'];

  it.each([
    ['the kernel’s default without a queue', { devices, roots: [{ kind: 'noqueue', handle: '0:' }] }, true],
    ['the kernel’s default with queues', { devices, roots: [{ kind: 'mq', handle: '0:' }] }, true],
    ['our own tree, kept by another fault', { devices, roots: [{ kind: 'prio', handle: 'fa17:' }] }, true],
    ['somebody’s own tree', { devices, roots: [{ kind: 'htb', handle: '1:' }] }, false],
    ['somebody’s tree under our handle', { devices, roots: [{ kind: 'htb', handle: 'fa17:' }] }, false],
    ['no such device', { devices: ['lo'], roots: [] }, false],
    ['no namespace', undefined, false],
  ])('of %s', (_, facts, ok) => {
    const result = judgeDevice(check, facts);
    expect(result.ok).toBe(ok);
    expect(result.remedy === '').toBe(ok);
  });

  it('asks nothing of the queue of a device of which only what comes in is hurt', () => {
    const roots = [{ kind: 'htb', handle: '1:' }];
    expect(judgeDevice({ ...check, direction: 'ingress' }, { devices, roots }).ok).toBe(true);
    expect(judgeDevice({ ...check, direction: 'both' }, { devices, roots }).ok).toBe(false);
    expect(judgeDevice({ ...check, direction: 'ingress' }, { devices: ['lo'], roots: [] }).ok).toBe(false);
  });

  it('names the devices that there are', () => {
    expect(judgeDevice({ ...check, device: 'eth1' }, { devices, roots: [] }).found).toMatch(/lo, eth0/);
  });
});

describe('judgeTool and judgeDistribution', () => {
  it.each([
    ['tc', 'iproute2'],
    ['nft', 'nftables'],
    ['fping', 'fping'],
  ])('name the package of %s: %s', (tool, name) => {
    expect(judgeTool({ check: 'tool', tool }, undefined, unknownSystem).remedy).toMatch(new RegExp(` ${name}\\b`));
    expect(judgeTool({ check: 'tool', tool }, `/usr/bin/${tool}`, unknownSystem)).toMatchObject({
      ok: true,
      found: `/usr/bin/${tool}`,
    });
  });

  it('say where a table was looked for', () => {
    const result = judgeDistribution(
      { check: 'distribution', distribution: 'pareto' },
      undefined,
      ['/usr/lib/tc'],
      unknownSystem,
    );
    expect(result).toMatchObject({ ok: false, found: 'no pareto.dist in /usr/lib/tc' });
  });
});

describe('judgeLease', () => {
  it.each([
    [3, 1000, true, ''],
    [3, 1001, false, 'give the fault a lease of 4 s or more, or fewer targets'],
    [30, 9000, true, ''],
    [30, 20_000, false, 'give the fault a lease of 60 s or more, or fewer targets'],
  ])('of %d s where a round takes %d ms', (seconds, roundMs, ok, remedy) => {
    const check = { check: 'lease' as const, seconds, targets: 2 };
    expect(judgeLease(check, roundMs)).toMatchObject({
      ok,
      remedy,
      found: expect.stringContaining(`${String(roundMs)} ms`) as string,
    });
  });
});

describe('judgeHosts', () => {
  const check = { check: 'hosts' as const, podUids: ['a', 'b', 'c'], hosts: ['db.example', 'api.example'] };
  const unknown = [{ host: 'db.example', error: 'no address' }];

  it('holds when every target finds every name', () => {
    const facts = check.podUids.map((podUid) => ({ podUid, unknown: [] }));
    expect(judgeHosts(check, facts)).toMatchObject({ ok: true, found: 'every target finds them', remedy: '' });
  });

  it('names a host that is not found, why, and by which targets', () => {
    const facts = [{ podUid: 'a', unknown: [] }, ...['b', 'c'].map((podUid) => ({ podUid, unknown }))];
    const result = judgeHosts(check, facts);
    expect(result).toMatchObject({
      ok: false,
      expected: 'db.example, api.example have addresses as each of 3 targets looks for them',
      found: "pod b, c: HostUnresolved: host 'db.example' has no address",
    });
    expect(result.remedy).toMatch(/resolv\.conf/);
  });
});

describe('judgeComposition', () => {
  const fault: FaultWork = {
    id: 'f1',
    device: 'eth0',
    direction: 'egress',
    effect: { type: 'loss', percent: 10, burst: 1 },
    peers: 'all',
    excluded: [],
    dosePeers: {},
    exposure: [],
  };
  const check = (podUids: string[]) => ({ check: 'composition' as const, podUids, fault });

  it('holds when every target takes it, and names whom it meets once', () => {
    const facts = ['a', 'b'].map((podUid) => ({ podUid, meets: ['shop/nightly'] }));
    expect(judgeComposition(check(['a', 'b']), facts)).toMatchObject({
      ok: true,
      found: 'it can be planned on every target; it would meet shop/nightly',
      remedy: '',
    });
  });

  it('warns of a target that sends more than its queues hold, and refuses nothing', () => {
    const queues = [{ delayMs: 200, packets: 4096 }];
    const facts = [
      { podUid: 'a', meets: [], queues, packetsPerSecond: 100 },
      { podUid: 'b', meets: [], queues, packetsPerSecond: 50_000 },
    ];
    const { ok, warning } = judgeComposition(check(['a', 'b']), facts);
    expect(ok).toBe(true);
    expect(warning).toMatch(/^pod b: QueueTooShort: its queue holds 4096 packets/);
  });

  it('names the target that refuses, why, and whom the fault would meet there', () => {
    const refusal = 'TooManyOverlaps: too many of them can meet in one packet';
    const facts = [
      { podUid: 'a', meets: [] },
      { podUid: 'b', meets: ['shop/nightly', 'shop/hourly'], refusal },
    ];
    const result = judgeComposition(check(['a', 'b']), facts);
    expect(result).toMatchObject({ ok: false, found: `pod b: ${refusal}; it would meet shop/nightly, shop/hourly` });
    expect(result.remedy).not.toBe('');
  });

  it('tells a reason once, with five of its targets and how many more there are, and five reasons', () => {
    const found = (refusalOf: (index: number) => string) => {
      const facts = Array.from({ length: 110 }, (_, index) => ({
        podUid: `p${String(index)}`,
        meets: [],
        refusal: refusalOf(index),
      }));
      return judgeComposition(check(facts.map(({ podUid }) => podUid)), facts).found;
    };
    expect(found(() => 'ForeignQdisc')).toBe('pod p0, p1, p2, p3, p4, and 105 more: ForeignQdisc');
    expect(found((index) => `Reason${String(index)}`)).toBe(
      'pod p0: Reason0 | pod p1: Reason1 | pod p2: Reason2 | pod p3: Reason3 | pod p4: Reason4 | and 105 more',
    );
  });
});
