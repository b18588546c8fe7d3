import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { FaultWork, Peers, PortRange } from '../../src/api/index.ts';
import { gateCounterName, instanceOfDevice, planTarget } from '../../src/faults/index.ts';
import { contains, type Packet, runGate } from './gate-model.ts';
import { at, delay, disjoint, duplicate, loss, plan, rate, work } from './works.ts';

const ipv4 = ['10.0.0.1', '10.0.0.2', '10.0.1.3'];
const ipv6 = ['fd00::1', 'fd00::2'];
const someOf = (blocks: string[]) => fc.subarray(blocks);
const portRange = fc.constantFrom({ first: 80, last: 80 }, { first: 79, last: 8080 }, { first: 8080, last: 8081 });
const addresses = fc
  .record({ ipv4: someOf([...ipv4, '10.0.0.0/24', '10.0.0.2/31']), ipv6: someOf([...ipv6, 'fd00::/64']) })
  .filter((lists) => lists.ipv4.length + lists.ipv6.length > 0);
const peers: fc.Arbitrary<Peers> = fc.oneof(
  fc.constant('all' as const),
  addresses,
  fc
    .tuple(addresses, fc.boolean(), fc.array(fc.record({ at: addresses, ports: portRange }), { minLength: 1, maxLength: 2 }))
    .map(([anyPort, hasAnyPort, atPorts]) => ({
      ...(hasAnyPort ? anyPort : { ipv4: [], ipv6: [] }),
      atPorts: atPorts.map(({ at, ports }) => ({ ...at, ports })),
    })),
);
/** ICMP has no ports, and manifests that ask for both are refused. */
const narrowing: fc.Arbitrary<Partial<FaultWork>> = fc.oneof(
  fc.record({ ports: fc.array(portRange, { minLength: 1, maxLength: 2 }), protocol: fc.constantFrom('tcp', 'udp') }),
  fc.record({ except: addresses, protocol: fc.constantFrom('tcp', 'udp', 'icmp') }, { requiredKeys: [] }),
);
/** At most three faults a device, so that every choice of peers fits in 15 classes. */
const works: fc.Arbitrary<FaultWork[]> = fc
  .array(
    fc.record({
      peers,
      device: fc.constantFrom('eth0', 'eth1'),
      direction: fc.constantFrom('egress', 'ingress', 'both'),
      excluded: someOf(['10.0.1.3', 'fd00::2']),
      narrowing,
    }),
    { minLength: 1, maxLength: 3 },
  )
  // One of them duplicates: kernels have room for no more in a packet.
  .map((facts) =>
    facts.map(({ narrowing: narrowed, ...fact }, index) =>
      work(`f${String(index)}`, index === 1 ? duplicate(5) : delay(10 + index), { ...fact, ...narrowed }),
    ),
  );
/** What goes out by one device may pass a device of ours while that of the other takes a root of ours. */
const egressWays = fc.record({
  eth0: fc.constantFrom('own-root', 'own-device'),
  eth1: fc.constantFrom('own-root', 'own-device'),
});
const kindsOfPacket: Pick<Packet, 'protocol' | 'ports'>[] = [
  { protocol: 'icmp' },
  { protocol: 'tcp', ports: { peer: 80, target: 8081 } },
  { protocol: 'udp', ports: { peer: 8080, target: 80 } },
  { protocol: 'udp', ports: { peer: 9, target: 9 } },
  // A later fragment, which has no ports any more.
  { protocol: 'udp' },
];
const packets: Packet[] = (['egress', 'ingress'] as const).flatMap((flow) =>
  ['eth0', 'eth1', 'lo'].flatMap((device) => [
    ...ipv4.flatMap((address) => kindsOfPacket.map((kind) => ({ flow, device, address, family: 'ipv4' as const, ...kind }))),
    ...ipv6.flatMap((address) => kindsOfPacket.map((kind) => ({ flow, device, address, family: 'ipv6' as const, ...kind }))),
  ]),
);

const isIn = (port: number | undefined, { first, last }: PortRange): boolean =>
  port !== undefined && first <= port && port <= last;
const isPeer = (wanted: Peers, packet: Packet): boolean =>
  wanted === 'all' ||
  contains(wanted[packet.family], packet) ||
  (wanted.atPorts ?? []).some((group) => contains(group[packet.family], packet) && isIn(packet.ports?.peer, group.ports));

const selects = (one: FaultWork, packet: Packet): boolean =>
  one.device === packet.device &&
  (one.direction === 'both' || one.direction === packet.flow) &&
  isPeer(one.peers, packet) &&
  (one.protocol === undefined || one.protocol === packet.protocol) &&
  (one.ports === undefined || one.ports.some((range) => isIn(packet.ports?.target, range))) &&
  !(one.except !== undefined && contains(one.except[packet.family], packet));

describe('planTarget', () => {
  it('sends every packet to the band of exactly the faults that select it and are leased', () => {
    fc.assert(
      fc.property(works, egressWays, fc.integer({ min: 0, max: 7 }), (faults, egress, held) => {
        const { gate, classes } = plan(faults, { egress });
        const leased = faults.filter((_, index) => (held & (1 << index)) !== 0);
        const leases = new Map(leased.map(({ id, device }) => [id, device]));
        for (const packet of packets) {
          // What one fault spares on its way, all of that way and device spare.
          const there = faults.filter(({ direction }) => direction === 'both' || direction === packet.flow);
          const near = packet.flow === 'ingress' ? there.filter(({ device }) => device === packet.device) : there;
          const isExcluded = near.some(({ excluded }) => excluded.includes(packet.address));
          const expected = isExcluded ? [] : leased.filter((one) => selects(one, packet)).map(({ id }) => id);
          const { place, counted } = runGate(gate, leases, packet);
          const met = classes.find(({ device, band }) => device === place?.device && band === place.band)?.faultIds ?? [];
          if (place !== undefined) expect(met).not.toEqual([]);
          expect({ packet, met }).toEqual({ packet, met: expected });
          expect(counted).toEqual(expected.map(gateCounterName));
        }
      }),
    );
  });

  it.each([
    ['egress', 'name-resolution'],
    ['egress', 'sflow'],
    ['egress', 'neighbour-discovery'],
    ['egress', 'group-membership'],
    ['ingress', 'name-resolution'],
    ['ingress', 'sflow'],
    ['ingress', 'neighbour-discovery'],
    ['ingress', 'group-membership'],
    ['ingress', 'no-ip'],
  ] as const)('never hurts on %s what is %s', (flow, is) => {
    const { gate } = plan([work('f1', loss(100), { direction: 'both' })]);
    const passed = runGate(gate, new Map([['f1', 'eth0']]), { flow, device: 'eth0', family: 'ipv6', address: 'fd00::1', is });
    expect(passed).toEqual({ counted: [] });
  });

  it('gives the composed delay to every class, and every class a band of its own', () => {
    fc.assert(
      fc.property(works, egressWays, (faults, egress) => {
        const { classes, trees, intermediates } = plan(faults, { egress });
        for (const { device, band, faultIds } of classes) {
          const netem = trees.find((tree) => tree.device === device)?.bands[band]?.at(-1);
          const expected = faults
            .filter(({ id }) => faultIds.includes(id))
            .map(({ effect }) => (effect.type === 'delay' ? effect.delayMs : 0));
          expect(netem).toMatchObject({ kind: 'netem', delayMs: expected.reduce((sum, one) => sum + one, 0) });
          const isOurs = intermediates.some(({ name }) => name === device);
          expect(band >= (isOurs ? 1 : 2) && band <= 16).toBe(true);
        }
        const places = classes.map(({ device, band }) => `${device} ${String(band)}`);
        expect(new Set(places).size).toBe(places.length);
      }),
    );
  });

  it('lets nothing else be in a tree that duplicates, and keeps the names of its own devices within what kernels take', () => {
    fc.assert(
      fc.property(works, egressWays, (faults, egress) => {
        const { trees, intermediates } = plan(faults, { egress });
        for (const tree of trees) {
          const netems = Object.values(tree.bands).flatMap((chain) => chain.filter(({ kind }) => kind === 'netem'));
          const duplicating = netems.filter((qdisc) => qdisc.kind === 'netem' && qdisc.duplicatePercent > 0);
          expect(duplicating.length === 0 || netems.length === 1).toBe(true);
        }
        for (const { name } of intermediates) {
          expect(name.length).toBeLessThanOrEqual(15);
          expect(instanceOfDevice(name)).toBe('0123abcd');
        }
      }),
    );
  });

  it('puts no tree on a device of the target whose way is a device of ours, and says which way it took', () => {
    fc.assert(
      fc.property(works, egressWays, (faults, egress) => {
        const { trees, classes, egress: taken } = plan(faults, { egress });
        const outgoing = faults.filter(({ direction }) => direction !== 'ingress').map(({ device }) => device);
        expect(Object.keys(taken).sort()).toEqual([...new Set(outgoing)].sort());
        for (const device of ['eth0', 'eth1'] as const) {
          if (taken[device] !== undefined) expect(taken[device]).toBe(egress[device]);
          if (egress[device] === 'own-device') expect(trees.map((tree) => tree.device)).not.toContain(device);
        }
        // Each class has its band in a tree that is there.
        for (const { device, band } of classes) expect(trees.find((tree) => tree.device === device)?.bands[band]).toBeDefined();
      }),
    );
  });

  it('shares one device of ours among all that goes out by a device, beside one for what comes in and one for a duplication', () => {
    const faults = [
      work('a', delay(10), { direction: 'both' }),
      work('b', loss(1), { peers: { ipv4: ['10.0.0.1'], ipv6: [] } }),
      work('c', duplicate(5), { peers: { ipv4: ['10.9.0.0/16'], ipv6: [] } }),
    ];
    const { intermediates, trees } = plan(faults.slice(0, 2), { egress: { eth0: 'own-device' } });
    expect(intermediates.map(({ name }) => name.slice(0, 11))).toEqual(['sq0123abcde', 'sq0123abcdi']);
    expect(trees.map(({ root, bands }) => [root, Object.keys(bands)])).toEqual([
      ['prio', ['2', '3', '4']],
      ['prio', ['2']],
    ]);
    const withDuplication = plan([faults[1] ?? work('b', loss(1)), faults[2] ?? work('c', duplicate(5))], {
      egress: { eth0: 'own-device' },
    });
    expect(withDuplication.intermediates.map(({ name }) => name[10])).toEqual(['c', 'e']);
  });

  it('keeps the band of every class that stays, whatever comes and goes', () => {
    fc.assert(
      fc.property(works, works, (before, after) => {
        const earlier = plan(before);
        // A fault never changes its device or its direction.
        const sameAgain = after.map((one, index) => {
          const { device, direction } = before[index] ?? one;
          return { ...one, device, direction };
        });
        const later = plan(sameAgain, { bands: earlier.bands });
        for (const [key, band] of Object.entries(later.bands)) {
          if (earlier.bands[key] !== undefined) expect(band).toBe(earlier.bands[key]);
        }
      }),
    );
  });

  it('makes the same plan whatever the order in which faults came', () => {
    const faults = [work('a', delay(10)), work('b', loss(5), { peers: { ipv4: ['10.0.0.1'], ipv6: [] } }), work('c', delay(30))];
    expect(plan([...faults].reverse())).toEqual(plan(faults));
  });

  it('makes no class of faults of which one spares all that the other hurts', () => {
    const wide = work('a', delay(10, 1), {
      peers: { ipv4: ['10.0.0.0/8'], ipv6: [] },
      except: { ipv4: ['10.1.0.0/17', '10.1.128.0/17'], ipv6: [] },
    });
    const inside = { peers: { ipv4: ['10.1.0.0/16'], ipv6: [] } };
    expect(Object.keys(plan([wide, work('b', delay(20, 1), inside)]).bands)).toEqual(['a', 'b']);
    expect(() => plan([wide, work('b', rate(1e6), inside)])).not.toThrow();
  });

  it.each([
    ['name-resolution', 'dns'],
    ['sflow', 'sflow'],
  ] as const)('hurts %s only where %s is included', (is, inclusion) => {
    const packet: Packet = { flow: 'egress', device: 'eth0', family: 'ipv4', address: '10.0.0.1', is };
    const leases = new Map([['a', 'eth0']]);
    const places = [[], [inclusion]].map(
      (include) => runGate(plan([work('a', loss(100), { include })]).gate, leases, packet).place,
    );
    expect(places).toEqual([undefined, { device: 'eth0', band: 2 }]);
  });

  it('makes a class only for faults that can meet', () => {
    const faults = [
      work('a', delay(10), { peers: { ipv4: ['10.0.0.0/24'], ipv6: [] } }),
      work('b', delay(20), { peers: { ipv4: ['10.0.0.7'], ipv6: [] } }),
      work('c', delay(30), { peers: { ipv4: ['10.0.1.0/24'], ipv6: ['fd00::/64'] } }),
      work('d', delay(40), { device: 'eth1' }),
    ];
    expect(Object.keys(plan(faults).bands).sort()).toEqual(['a', 'a+b', 'b', 'c', 'd']);
  });

  it.each([
    ['15 faults that never meet', disjoint(15), 15],
    ['4 faults that all meet', [1, 2, 3, 4].map((one) => work(`f${String(one)}`, delay(one))), 15],
  ])('takes %s', (_, faults, classes) => {
    expect(plan(faults).classes).toHaveLength(classes);
  });

  it.each([
    ['everybody', 'all', 'all'],
    ['wider peers', { ipv4: ['10.0.0.0/25', '10.0.0.128/25'], ipv6: [] }, { ipv4: ['10.0.0.0/24'], ipv6: [] }],
    ['no ports in common', { ipv4: [], ipv6: [], atPorts: [at(80)] }, { ipv4: [], ipv6: [], atPorts: [at(81)] }],
    ['none in common', { ipv4: ['10.0.0.1'], ipv6: [] }, { ipv4: ['10.0.0.2'], ipv6: [] }],
  ] as const)('takes a rate beside a delay with %s', (_, ofRate, ofDelay) => {
    const peers = (some: Peers | typeof ofRate | typeof ofDelay) => ({ peers: some as Peers });
    expect(() => plan([work('a', rate(1e6), peers(ofRate)), work('b', delay(10), peers(ofDelay))])).not.toThrow();
  });

  it('plans nothing for a target without faults', () => {
    expect(
      planTarget({
        driver: 'netem',
        egress: {},
        instance: '0123abcd',
        podUid: 'pod',
        works: [],
        bands: {},
        mtu: {},
        gatePriority: 300,
        deviceGatePriority: 300,
      }).trees,
    ).toEqual([]);
  });
});

describe('exposure', () => {
  const exposure = (address: string, protocol: 'icmp' | 'tcp', podUid = 'pod') => ({
    hypothesis: `${protocol} ${address}`,
    podUid,
    address,
    protocol,
  });
  const { gate } = plan([
    work('f1', delay(10), {
      direction: 'both',
      peers: { ipv4: ['10.0.0.0/24'], ipv6: [] },
      excluded: ['10.0.0.9'],
      exposure: [
        exposure('10.0.0.1', 'icmp'),
        exposure('10.0.0.2', 'tcp'),
        exposure('10.0.9.9', 'icmp'),
        exposure('10.0.0.9', 'icmp'),
        exposure('10.0.0.1', 'icmp', 'other'),
      ],
    }),
  ]);
  const counterOf = (hypothesis: string) => gate.exposure.find((one) => one.hypothesis === hypothesis)?.counter;
  const lease = new Map([['f1', 'eth0']]);

  const directions = ['egress', 'ingress'] as const;

  it.each(
    directions.flatMap((flow) =>
      (
        [
          ['10.0.0.1', 'icmp', 'icmp 10.0.0.1'],
          ['10.0.0.2', 'tcp-from-prober', 'tcp 10.0.0.2'],
          ['10.0.0.2', 'tcp-to-prober', 'tcp 10.0.0.2'],
        ] as const
      ).map((facts) => [flow, ...facts] as const),
    ),
  )('counts on %s a probe of %s (%s) while the lease is held, and not before', (flow, address, is, hypothesis) => {
    const packet: Packet = { flow, device: 'eth0', family: 'ipv4', address, is };
    expect(runGate(gate, lease, packet).counted).toEqual([counterOf(hypothesis), 'met_f1']);
    expect(runGate(gate, new Map(), packet).counted).toEqual([]);
  });

  it.each([
    ['other traffic to the same address', '10.0.0.1', undefined],
    ['a probe of the other protocol', '10.0.0.2', 'icmp'],
    ['a probe to an address outside the peers', '10.0.9.9', 'icmp'],
    ['a probe to an excluded address', '10.0.0.9', 'icmp'],
  ] as const)('does not count %s', (_, address, is) => {
    for (const flow of directions) {
      const { counted } = runGate(gate, lease, { flow, device: 'eth0', family: 'ipv4', address, is });
      expect(counted.filter((name) => name.startsWith('exposure'))).toEqual([]);
    }
  });

  it('keeps a counter at zero for a hypothesis whose packets the peers leave out, and none for other pods', () => {
    expect(gate.exposure.map(({ hypothesis }) => hypothesis)).toEqual([
      'icmp 10.0.0.1',
      'icmp 10.0.0.9',
      'icmp 10.0.9.9',
      'tcp 10.0.0.2',
    ]);
  });
});
