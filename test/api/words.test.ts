import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { networkOf } from '../../src/api/cidr.ts';
import { nearestName } from '../../src/api/nearest-name.ts';
import { describeValue, formatPath } from '../../src/api/problems.ts';
import { parseRate, parseSignedPercent } from '../../src/api/units.ts';

describe('parseRate', () => {
  it.each([
    ['10mbit', 10e6],
    ['1.5gbit', 1.5e9],
    ['8bit', 8],
    ['10', undefined],
    ['10 mbit', undefined],
    ['10mb', undefined],
    ['-1mbit', undefined],
  ])('reads %j as %j', (text, rate) => {
    expect(parseRate(text)).toBe(rate);
  });
});

describe('parseSignedPercent', () => {
  it.each([
    ['-20%', -20],
    ['150%', 150],
    ['20', undefined],
  ])('reads %j as %j', (text, percent) => {
    expect(parseSignedPercent(text)).toBe(percent);
  });
});

describe('networkOf', () => {
  it.each([
    ['10.0.0.0/24', '10.0.0.0/24'],
    ['10.0.0.7/24', '10.0.0.0/24'],
    ['10.9.8.7/0', '0.0.0.0/0'],
    ['192.168.1.129/25', '192.168.1.128/25'],
    ['fd00::/64', 'fd00::/64'],
    ['fd00::1/64', 'fd00::/64'],
    ['fd00:0:0:1::/63', 'fd00::/63'],
    ['2001:db8::ffff/127', '2001:db8::fffe/127'],
    ['10.0.0.0/33', undefined],
    ['fd00::/129', undefined],
    ['10.0.0.0', undefined],
    ['10.0.0.0/08', undefined],
    ['fd00:::/64', undefined],
    ['::/0', '::/0'],
  ])('makes of %s the network %s', (text, network) => {
    expect(networkOf(text)).toBe(network);
  });

  it('finds nothing to clear in a network', () => {
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((text) => !text.includes('.')),
    );
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 32 }), (ip, prefix) => {
        const network = networkOf(`${ip}/${prefix}`);
        expect(network).toBeDefined();
        expect(networkOf(network ?? '')).toBe(network);
      }),
    );
  });
});

describe('nearestName', () => {
  it.each([
    ['dealy', 'delay'],
    ['Delay', 'delay'],
    ['los', 'loss'],
    ['nonsense', undefined],
    ['x'.repeat(100), undefined],
  ])('takes %s for %s', (name, near) => {
    expect(nearestName(name, ['delay', 'loss', 'duplicate'])).toBe(near);
  });
});

describe('what a problem quotes', () => {
  it('is a path as people write it', () => {
    expect(formatPath(['spec', 'targets', 0, 'targetSelector', 'matchLabels', 'a.b/c'])).toBe(
      'spec.targets[0].targetSelector.matchLabels["a.b/c"]',
    );
  });

  it('is a short text of whatever value, also of one that contains itself', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(describeValue(circle)).toContain('contains itself');
    expect(describeValue(undefined)).toBe('nothing');
    expect(describeValue('x'.repeat(1000)).length).toBeLessThan(90);
  });
});
