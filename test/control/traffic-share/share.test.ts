import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaultWork, Flow, MonitorStatus } from '../../../src/api/index.ts';
import { type ObservedMonitor, trafficShares } from '../../../src/control/traffic-share/share.ts';
import { loss, work } from '../../faults/works.ts';

const now = Date.parse('2026-03-01T02:30:10.500Z');
const [target, peer, third] = ['10.80.0.5', '10.80.0.7', '10.80.0.9'];
const withPorts = ['ipsource', 'ipdestination', 'tcpsourceport', 'tcpdestinationport'];

const flow = (more: Partial<Flow> = {}): Flow => ({
  name: 'pairs',
  keys: ['ipsource', 'ipdestination'],
  value: 'frames',
  log: false,
  flowStart: false,
  ...more,
});

function monitor(flows: Flow[], top: Record<string, number>, status: Partial<MonitorStatus> = {}): ObservedMonitor {
  const topKeys = Object.entries(top).map(([key, value]) => ({ key, value }));
  return {
    namespace: 'shop',
    name: 'web',
    monitor: { flows, thresholds: [], events: { most: 5, timeoutMs: 5000 } },
    status: {
      observedGeneration: 1,
      observedBy: 'collector',
      heartbeatAt: '2026-03-01T02:30:10.000Z',
      state: 'quiet',
      message: '',
      agentCount: 1,
      agents: [],
      flows: flows.map(({ name }) => ({ name, topKeys })),
      thresholds: [],
      armed: [],
      traffic: [],
      conditions: [],
      ...status,
    },
  };
}

const shareOf = (one: ObservedMonitor, changes: Partial<FaultWork> = {}, addresses = [target]) =>
  trafficShares([one], [{ fault: work('f', loss(50), changes), addresses }], now);

describe('the share of traffic that a fault would touch', () => {
  it('is what leaves its targets, of all that the monitor shows', () => {
    const top = { [`${target},${peer}`]: 30, [`${peer},${target}`]: 20, [`${third},${peer}`]: 50 };
    expect(shareOf(monitor([flow()], top))).toEqual([
      {
        monitor: 'shop/web',
        flow: 'pairs',
        unit: 'frames',
        share: { least: 0.3, most: 0.3 },
        seen: 100,
        flows: 3,
        heartbeatAgeMs: 500,
        limits: [
          'only the largest flows count, as the monitor shows no others',
          'without ports among its keys, what is always spared (name resolution, sFlow) counts as touched',
        ],
      },
    ]);
  });

  it.each([
    ['what comes in, too, of a fault on both', { direction: 'both' as const }, [0.5, 0.5]],
    ['only what its peers ask for', { peers: { ipv4: [third], ipv6: [] } }, [0, 0]],
    ['possibly touched where a port is asked for that keys do not have', { ports: [{ first: 80, last: 80 }] }, [0, 0.3]],
  ])('is %s', (_what, changes, [least, most]) => {
    const top = { [`${target},${peer}`]: 30, [`${peer},${target}`]: 20, [`${third},${peer}`]: 50 };
    expect(shareOf(monitor([flow()], top), changes)).toMatchObject([{ share: { least, most } }]);
  });

  it('knows ports where keys have them', () => {
    const top = { [`${target},${peer},40000,80`]: 25, [`${target},${peer},40000,443`]: 75 };
    const [share] = shareOf(monitor([flow({ keys: withPorts })], top), {
      peers: { ipv4: [], ipv6: [], atPorts: [{ ipv4: [peer], ipv6: [], ports: { first: 80, last: 80 } }] },
    });
    expect(share).toMatchObject({ share: { least: 0.25, most: 0.25 }, limits: [expect.stringContaining('only the largest')] });
  });

  it('counts a packet between two targets once, and faults of each target only for that', () => {
    const top = { [`${target},${peer}`]: 10, [`${third},${peer}`]: 10 };
    const faults = [
      { fault: work('f', loss(50), { direction: 'both' }), addresses: [target] },
      { fault: work('g', loss(50), { direction: 'ingress', peers: { ipv4: [target], ipv6: [] } }), addresses: [peer] },
    ];
    expect(trafficShares([monitor([flow()], top)], faults, now)).toMatchObject([{ share: { least: 0.5, most: 0.5 } }]);
  });

  describe('through a service', () => {
    const [cluster, client, other] = ['10.96.0.1', '10.80.1.1', '10.80.0.6'];
    const top = { [`${client},${cluster}`]: 30, [`${cluster},${client}`]: 20, [`${third},${peer}`]: 50 };
    const through = (pods: string[][], changes: Partial<FaultWork>) =>
      trafficShares([monitor([flow()], top)], [{ fault: work('f', loss(50), changes), addresses: [target, 'fd00::5'] }], now, [
        { addresses: [cluster], pods },
      ]);

    it.each([
      ['requests are possibly touched where it leads to others, too', [[target], [other]], { direction: 'ingress' }, [0, 0.3]],
      ['answers are possibly touched where it leads to others, too', [[target], [other]], { direction: 'egress' }, [0, 0.2]],
      ['both are touched where it leads to targets only', [[target, 'fd00::5']], { direction: 'both' }, [0.5, 0.5]],
      [
        'nothing is touched where a fault asks for other peers',
        [[target], [other]],
        { peers: { ipv4: [third], ipv6: [] } },
        [0, 0],
      ],
      [
        'what has another port there is possibly touched',
        [[target]],
        { direction: 'ingress', ports: [{ first: 8080, last: 8080 }] },
        [0, 0.3],
      ],
    ] as const)('%s', (_what, pods, changes, [least, most]) => {
      const [share] = through(
        pods.map((own) => [...own]),
        changes as Partial<FaultWork>,
      );
      expect(share).toMatchObject({ share: { least, most } });
      const limits = share !== undefined && 'limits' in share ? share.limits : [];
      const said = limits.filter((text) => text.includes('services that lead to targets'));
      expect(said).toHaveLength(most > least ? 1 : 0);
    });

    it('is found by previews for a service of another family as well', () => {
      const faults = [{ fault: work('f', loss(50), { direction: 'ingress' }), addresses: ['fd00::5'] }];
      const six = flow({ keys: ['ip6source', 'ip6destination'] });
      const seen = monitor([six], { 'fd00::9,fd00:96:0::1': 1 });
      const services = [{ addresses: [cluster, 'fd00:96::1'], pods: [['fd00:0::5']] }];
      expect(trafficShares([seen], faults, now, services)).toMatchObject([{ share: { least: 1, most: 1 } }]);
    });
  });

  it('counts flows that it cannot read as possibly touched, and says so with what else limits it', () => {
    const top = { [`${target},${peer}`]: 10, '<script>': 30, [`${third},${peer}`]: 60 };
    const [share] = shareOf(monitor([flow({ filter: 'ipprotocol=6' })], top));
    expect(share).toMatchObject({ share: { least: 0.1, most: 0.4 } });
    const limits = share !== undefined && 'limits' in share ? share.limits : [];
    expect(limits).toContain('its filter leaves packets out');
    expect(limits).toContain('1 of its flows could not be read, and count as possibly touched');
  });

  it('has a line for each flow of a monitor that can tell, in frames or bytes', () => {
    const flows = [
      flow(),
      flow({ name: 'volume', value: 'bytes' }),
      flow({ name: 'sizes', value: 'ipbytes' }),
      flow({ name: 'sources', keys: ['ipsource'] }),
    ];
    const shares = shareOf(monitor(flows, { [`${target},${peer}`]: 1 }));
    expect(shares).toMatchObject([
      { flow: 'pairs', unit: 'frames' },
      { flow: 'volume', unit: 'bytes' },
    ]);
  });

  const usual = { [`${target},${peer}`]: 1 };
  it.each([
    ['nobody observes it', { ...monitor([flow()], usual), status: undefined }, /nobody has observed it yet/],
    ['it is stale', monitor([flow()], usual, { heartbeatAt: '2026-03-01T02:30:07.499Z' }), /too old to count/],
    ['its heartbeat is no instant', monitor([flow()], usual, { heartbeatAt: '' }), /too old to count/],
    ['its signal is lost', monitor([flow()], usual, { state: 'lost' }), /signal is lost/],
    ['no flow has both addresses', monitor([flow({ keys: ['ipsource'] })], usual), /none of its flows has both addresses/],
    ['nothing is seen', monitor([flow()], {}), /sees no traffic/],
    ['only nothing is seen', monitor([flow()], { [`${target},${peer}`]: 0 }), /sees no traffic/],
  ])('is not said where %s, but why', (_what, one, why) => {
    expect(shareOf(one)).toEqual([{ monitor: 'shop/web', why: expect.stringMatching(why) as string }]);
  });

  it('is between 0 and 1, the least never above the most, and all of it where everybody is a target', () => {
    const address = fc.constantFrom(target, peer, third, 'fd00::1', 'not an address');
    const seen = fc.dictionary(
      fc.tuple(address, address).map((pair) => pair.join(',')),
      fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      { minKeys: 1, maxKeys: 20 },
    );
    fc.assert(
      fc.property(seen, fc.subarray([target, peer, third, 'fd00::1']), (top, targets) => {
        for (const one of shareOf(monitor([flow()], top), { direction: 'both' }, targets)) {
          if (!('share' in one)) continue;
          expect(one.share.least).toBeGreaterThanOrEqual(0);
          expect(one.share.most).toBeGreaterThanOrEqual(one.share.least);
          expect(one.share.most).toBeLessThanOrEqual(1 + 1e-9);
          if (targets.length === 4) expect(one.share.most).toBeCloseTo(1, 9);
        }
      }),
    );
  });
});
