import { describe, expect, it } from 'vitest';
import type { FaultWork } from '../../src/api/index.ts';
import { mostCertain, type SeenPackets, type Touch, wouldTouch } from '../../src/faults/index.ts';
import { at, loss, work } from './works.ts';

const packets: SeenPackets = { flow: 'egress', peer: '10.0.0.1', protocol: 6, peerPort: 8080, ownPort: 40_000 };

describe('whether a fault would touch packets that were seen', () => {
  const cases: [string, Partial<FaultWork>, Partial<SeenPackets>, Touch][] = [
    ['of any peer', {}, {}, 'yes'],
    ['that come in, by a fault on what goes out', {}, { flow: 'ingress' }, 'no'],
    ['that come in, by a fault on both', { direction: 'both' }, { flow: 'ingress' }, 'yes'],
    ['of a peer that is named', { peers: { ipv4: ['10.0.0.0/24'], ipv6: [] } }, {}, 'yes'],
    ['of another peer', { peers: { ipv4: ['10.9.0.0/24'], ipv6: [] } }, {}, 'no'],
    ['of IPv6, where peers are of IPv4', { peers: { ipv4: ['10.0.0.0/24'], ipv6: [] } }, { peer: 'fd00::1' }, 'no'],
    ['of a peer that is excepted', { except: { ipv4: ['10.0.0.1'], ipv6: [] } }, {}, 'no'],
    ['of the node', { excluded: ['10.0.0.1'] }, {}, 'no'],
    ['of the protocol', { protocol: 'tcp' }, {}, 'yes'],
    ['of another protocol', { protocol: 'udp' }, {}, 'no'],
    ['of a protocol that is not known', { protocol: 'tcp' }, { protocol: undefined }, 'unknown'],
    ['at the port of the peer', { peers: { ipv4: [], ipv6: [], atPorts: [at(8080)] } }, {}, 'yes'],
    ['at another port of the peer', { peers: { ipv4: [], ipv6: [], atPorts: [at(80)] } }, {}, 'no'],
    ['at a port that is not known', { peers: { ipv4: [], ipv6: [], atPorts: [at(80)] } }, { peerPort: undefined }, 'unknown'],
    ['at a port, of a protocol that has none', { ports: [{ first: 80, last: 90 }] }, { protocol: 1, ownPort: undefined }, 'no'],
    ['at its own port', { ports: [{ first: 40_000, last: 40_000 }] }, {}, 'yes'],
    ['of name resolution', {}, { peerPort: 53, protocol: 17 }, 'no'],
    ['of name resolution, where that is included', { include: ['dns'] }, { peerPort: 53, protocol: 17 }, 'yes'],
    ['of sFlow to a collector', {}, { peerPort: 6343, protocol: 17 }, 'no'],
    ['of sFlow to the target', { direction: 'ingress' }, { flow: 'ingress', ownPort: 6343, protocol: 17 }, 'no'],
    ['of sFlow, where that is included', { include: ['sflow'] }, { peerPort: 6343, protocol: 17 }, 'yes'],
    ['of TCP at the port of sFlow', {}, { peerPort: 6343 }, 'yes'],
    ['of group membership', {}, { protocol: 2 }, 'no'],
    ['of ICMPv6, among which is neighbour discovery', {}, { protocol: 58, peer: 'fd00::1' }, 'unknown'],
    [
      'of a peer that may have a name',
      { peers: { ipv4: [], ipv6: [] }, hosts: { peers: [{ host: 'a' }], except: [] } },
      {},
      'unknown',
    ],
    ['of a peer that a name may except', { hosts: { peers: [], except: ['a'] } }, {}, 'unknown'],
  ];
  it.each(cases)('of packets %s', (_what, changes, seen, expected) => {
    expect(wouldTouch(work('f', loss(50), changes), { ...packets, ...seen })).toBe(expected);
  });

  it('leaves the pings out by which the agent measures', () => {
    const measured = work(
      'f',
      { type: 'delay', delayMs: 9, jitterMs: 0, distribution: 'uniform' },
      {
        protocol: 'tcp',
        dosePeers: { pod: ['10.0.0.1'] },
      },
    );
    expect(wouldTouch(measured, { ...packets, protocol: 1 })).toBe('no');
  });

  it.each([
    [['no', 'unknown', 'yes'], 'yes'],
    [['no', 'unknown'], 'unknown'],
    [['no'], 'no'],
    [[], 'no'],
  ] satisfies [Touch[], Touch][])('of several faults %j it is %s', (touches, expected) => {
    expect(mostCertain(touches)).toBe(expected);
  });
});
