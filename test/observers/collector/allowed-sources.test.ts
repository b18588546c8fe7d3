import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedSources, plainAddress } from '../../../src/observers/collector/allowed-sources.ts';

describe('an allow-list', () => {
  it.each([
    [['10.0.0.0/8'], '10.1.2.3', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['10.9.9.9/8'], '10.1.2.3', true],
    [['10.0.0.0/8', 'fd00::/8'], 'fd12::1', true],
    [['10.0.0.0/8', 'fd00::/8'], '2001:db8::1', false],
    [['192.0.2.7'], '192.0.2.7', true],
    [['192.0.2.7'], '192.0.2.8', false],
    [['0.0.0.0/0'], '203.0.113.1', true],
    [['0.0.0.0/0'], 'fd00::1', false],
    // As a socket for both families tells it.
    [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
    [['10.0.0.0/8'], '::ffff:11.1.2.3', false],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [[], '203.0.113.1', true],
  ])('of %j says of %s: %j', (networks, address, expected) => {
    const isAllowed = allowedSources(networks);
    expect([isAllowed(address), isAllowed(address)]).toEqual([expected, expected]);
  });

  it('allows of an IPv4 network exactly what has its first bits, however many were asked for before', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.integer({ min: 0, max: 32 }),
        fc.array(fc.nat(2 ** 32 - 1)),
        (network, prefix, others) => {
          const isAllowed = allowedSources([`${ipv4(network)}/${prefix}`]);
          const near = others.map((other) => (network ^ (other >>> 1)) >>> 0);
          for (const address of [network, ...others, ...near]) {
            const isSame = (address >>> 1) >>> (31 - prefix) === (network >>> 1) >>> (31 - prefix);
            expect(isAllowed(ipv4(address))).toBe(prefix === 0 || prefix === 32 ? prefix === 0 || address === network : isSame);
          }
        },
      ),
    );
  });

  it('answers the same when more addresses have asked than it remembers', () => {
    const isAllowed = allowedSources(['10.0.0.0/16']);
    const answers = Array.from({ length: 10_000 }, (_, index) => isAllowed(ipv4(0x0a000000 + index * 16)));
    expect(answers.filter(Boolean)).toHaveLength(4096);
    expect([isAllowed('10.0.0.0'), isAllowed('10.1.0.0')]).toEqual([true, false]);
  });

  it.each([
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'exporters',
    '',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/104',
  ])('refuses %j, and says where it stands', (network) => {
    expect(() => allowedSources(['10.0.0.0/8', network])).toThrow(
      expect.objectContaining({
        code: 'InvalidInput',
        message: expect.stringContaining(`allow[1]: found '${network}'`) as string,
      }),
    );
  });
});

it('tells an IPv4 address that a socket for both families wrote as one of IPv6', () => {
  expect(['::ffff:127.0.0.1', '127.0.0.1', 'fe80::1%eth0', '::1'].map(plainAddress)).toEqual([
    '127.0.0.1',
    '127.0.0.1',
    'fe80::1',
    '::1',
  ]);
});

const ipv4 = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
