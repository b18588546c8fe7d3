import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { formatBlock, intersectRanges, parseBlock, parseBlocks } from '../../src/faults/addresses.ts';
import { contains } from './gate-model.ts';

const blockOf = (family: 'ipv4' | 'ipv6') =>
  fc
    .record({
      low: fc.integer({ min: 0, max: 255 }),
      high: fc.integer({ min: 0, max: 3 }),
      tail: fc.integer({ min: 0, max: 10 }),
    })
    .map(({ low, high, tail }) =>
      family === 'ipv4'
        ? `10.0.${String(high)}.${String(low)}/${String(32 - tail)}`
        : `fd00::${String(high)}:${low.toString(16)}/${String(128 - tail)}`,
    );
const addressOf = (family: 'ipv4' | 'ipv6') => blockOf(family).map((block) => block.replace(/\/.*/, ''));

describe('address blocks', () => {
  it.each([
    ['10.1.2.3', 'ipv4', '10.1.2.3'],
    ['10.1.2.3/16', 'ipv4', '10.1.0.0/16'],
    ['0.0.0.0/0', 'ipv4', '0.0.0.0/0'],
    ['10.1.2.3/32', 'ipv4', '10.1.2.3'],
    ['fd00::fe', 'ipv6', 'fd00:0:0:0:0:0:0:fe'],
    ['fd00:1:2:3:4:5:6:7/64', 'ipv6', 'fd00:1:2:3:0:0:0:0/64'],
    ['::/0', 'ipv6', '0:0:0:0:0:0:0:0/0'],
    ['::ffff:192.0.2.1', 'ipv6', '0:0:0:0:0:ffff:c000:201'],
  ] as const)('reads %s (%s) as %s', (text, family, block) => {
    expect(formatBlock(parseBlock(text, family), family)).toBe(block);
  });

  it.each([
    ['10.0.0.1/33', 'ipv4'],
    ['10.0.0', 'ipv4'],
    ['10.0.0.1/', 'ipv4'],
    ['10.0.0.1/8/9', 'ipv4'],
    ['fd00::1', 'ipv4'],
    ['10.0.0.1', 'ipv6'],
    ['fe80::1%eth0', 'ipv6'],
    ['fd00::/129', 'ipv6'],
    ['10.0.0.1; flush ruleset', 'ipv4'],
    ['', 'ipv4'],
  ] as const)('refuses %j as %s', (text, family) => {
    expect(() => parseBlock(text, family)).toThrow(/is not an ipv[46] address or block/);
  });

  it('reads exactly what Node takes for an address, but for zones', () => {
    const part = fc.constantFrom(':', '::', '.', '0', '1', '25', '256', 'f', 'fd00', '00', '12345', '%', ' ');
    const junk = fc.string({ unit: part, maxLength: 12 });
    const reads = (text: string, family: 'ipv4' | 'ipv6') => {
      try {
        return parseBlock(text, family).first >= 0n;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.oneof(junk, fc.ipV4(), fc.ipV6()), (text) => {
        expect([reads(text, 'ipv4'), reads(text, 'ipv6')]).toEqual([isIPv4(text), isIPv6(text) && !text.includes('%')]);
      }),
      { numRuns: 5000 },
    );
  });

  it.each(['ipv4', 'ipv6'] as const)(
    'cover the same %s addresses once nested blocks are dropped, and no block overlaps another',
    (family) => {
      fc.assert(
        fc.property(fc.array(blockOf(family), { maxLength: 8 }), addressOf(family), (blocks, destination) => {
          const ranges = parseBlocks(blocks, family);
          const kept = ranges.map((range) => formatBlock(range, family));
          expect(contains(kept, { address: destination, family })).toBe(contains(blocks, { address: destination, family }));
          for (const [index, range] of ranges.slice(1).entries()) expect(range.first > (ranges[index]?.last ?? -1n)).toBe(true);
        }),
      );
    },
  );

  it.each(['ipv4', 'ipv6'] as const)('meet in exactly the %s addresses that both have', (family) => {
    fc.assert(
      fc.property(
        fc.array(blockOf(family), { maxLength: 5 }),
        fc.array(blockOf(family), { maxLength: 5 }),
        addressOf(family),
        (a, b, destination) => {
          const common = intersectRanges(parseBlocks(a, family), parseBlocks(b, family));
          const { first } = parseBlock(destination, family);
          const inCommon = common.some((range) => range.first <= first && first <= range.last);
          expect(inCommon).toBe(contains(a, { address: destination, family }) && contains(b, { address: destination, family }));
        },
      ),
    );
  });
});
