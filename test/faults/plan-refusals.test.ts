import { describe, expect, it } from 'vitest';
import type { SquallError } from '../../src/lib/index.ts';
import { at, corrupt, delay, disjoint, duplicate, loss, plan, ranges, rate, reorder, slot, work } from './works.ts';

describe('planTarget', () => {
  it.each([
    ['16 faults that never meet', disjoint(16), 'KernelRefused', /^TooManyOverlaps: the 16 faults on egress of eth0/],
    [
      '5 faults that all meet',
      [1, 2, 3, 4, 5].map((one) => work(`f${String(one)}`, delay(one))),
      'KernelRefused',
      /^TooManyOverlaps: the 5 faults/,
    ],
    ['two jitters in one packet', [work('a', delay(10, 1)), work('b', delay(10, 1))], 'KernelRefused', /^NotComposable.*jitter/],
    ['a burst loss with another loss', [work('a', loss(10, 3)), work('b', loss(10))], 'KernelRefused', /^NotComposable.*burst/],
    ['peers without an address', [work('a', delay(10), { peers: { ipv4: [], ipv6: [] } })], 'KernelRefused', /^NoPeers/],
    [
      'a delay that memory cannot hold',
      [work('a', delay(60_000))],
      'KernelRefused',
      /^DelayNeedsTooMuchMemory: .*60000 ms at 100 packets\/s.*375 MiB.*256 MiB/,
    ],
    [
      'a rate of whose packets only some meet another fault',
      [work('a', rate(1e6)), work('b', delay(10), { peers: { ipv4: ['10.0.0.1'], ipv6: [] } })],
      'KernelRefused',
      /^NotComposable: only some packets of the rate a would meet fault b/,
    ],
    [
      'a rate of whose ports only some meet another fault',
      [
        work('a', rate(1e6), { protocol: 'tcp', ports: [{ first: 80, last: 90 }] }),
        work('b', delay(10), { ports: [{ first: 85, last: 85 }] }),
      ],
      'KernelRefused',
      /^NotComposable: only some packets of the rate a would meet fault b/,
    ],
    [
      'a rate of whose peers another fault spares some',
      [work('a', rate(1e6)), work('b', delay(10), { except: { ipv4: ['10.0.0.1'], ipv6: [] } })],
      'KernelRefused',
      /^NotComposable: only some packets of the rate a would meet fault b/,
    ],
    [
      'faults of which one hurts name resolution and the other spares it',
      [work('a', delay(10), { include: ['dns'] }), work('b', loss(10), { direction: 'ingress' })],
      'KernelRefused',
      /^NotComposable: fault a includes \[dns\] and fault b includes \[\]/,
    ],
    [
      'more ways to meet than anybody reads',
      [
        work('a', delay(10), {
          peers: { ipv4: [], ipv6: [], atPorts: [1, 11, 21, 31, 41, 51, 61, 71, 81].map(at) },
          ports: ranges(15),
        }),
      ],
      'KernelRefused',
      /^TooManyOverlaps: a packet can be of a in 135 ways by peers and ports, and 128 are the most; give fewer ranges of ports$/,
    ],
    ['a rate whose queue does not fit', [work('a', rate(100e9, 1000))], 'KernelRefused', /^DelayNeedsTooMuchMemory/],
    ['a device name with a blank', [work('a', delay(10), { device: 'eth0 root' })], 'InvalidInput', /fault.device: "eth0 root"/],
    ['a device name with a quote', [work('a', delay(10), { device: 'e"; }' })], 'InvalidInput', /fault.device/],
    ['a fault id with a semicolon', [work('a;b', delay(10))], 'InvalidInput', /fault.id: "a;b"/],
    [
      'a peer that is no address',
      [work('a', delay(10), { peers: { ipv4: ['10.0.0.1 }'], ipv6: [] } })],
      'InvalidInput',
      /"10.0.0.1 }"/,
    ],
    ['an excluded text that is no address', [work('a', delay(10), { excluded: ['node'] })], 'InvalidInput', /"node"/],
    [
      'an exposed text that is no address',
      [work('a', delay(10), { exposure: [{ hypothesis: 'h', podUid: 'pod', address: 'x', protocol: 'icmp' }] })],
      'InvalidInput',
      /"x"/,
    ],
    ['no delay at all', [work('a', delay(0))], 'InvalidInput', /fault.delay/],
    ['more uniform jitter than delay', [work('a', delay(10, 11))], 'InvalidInput', /fault.jitter: 11 ms/],
    ['jitter that netem cuts off', [work('a', delay(5000, 3000))], 'InvalidInput', /fault.jitter: 3000 ms.*2147/],
    ['loss above 100 %', [work('a', loss(101))], 'InvalidInput', /fault.loss: 101/],
    ['no loss', [work('a', loss(0))], 'InvalidInput', /fault.loss: 0/],
    ['no corruption', [work('a', corrupt(0))], 'InvalidInput', /fault.corrupt: 0/],
    ['no duplication', [work('a', duplicate(0))], 'InvalidInput', /fault.duplicate: 0/],
    ['reordering of nothing', [work('a', reorder(0, 20))], 'InvalidInput', /fault.reorder: 0/],
    ['reordering without a delay', [work('a', reorder(25, 0))], 'InvalidInput', /fault.delay: 0 ms holds nothing back/],
    ['reordering of all at once', [work('a', reorder(100, 20))], 'InvalidInput', /nobody is overtaken/],
    ['half a gap', [work('a', reorder(25, 20, 0.5))], 'InvalidInput', /fault.gap: 0.5/],
    ['less than a byte a second', [work('a', rate(7))], 'InvalidInput', /fault.rate: 7 bit/],
    ['a rate without a queue', [work('a', rate(1e6, 0))], 'InvalidInput', /fault.latency: 0 ms/],
    ['slots that end before they begin', [work('a', slot(30, 20))], 'InvalidInput', /fault.slot: 30 to 20 ms/],
    ['a burst shorter than one packet', [work('a', loss(10, 0.5))], 'InvalidInput', /fault.burst: 0.5/],
    ['more loss than bursts of that length can make', [work('a', loss(90, 2))], 'InvalidInput', /at most 66.7 %/],
  ] as const)('refuses %s', (_, faults, code, message) => {
    expect(() => plan(faults)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as SquallError,
    );
  });

  it('refuses an instance that could not name a table', () => {
    expect(() => plan([work('a', delay(1))], { instance: 'x { }' })).toThrow(/instance/);
  });
});
