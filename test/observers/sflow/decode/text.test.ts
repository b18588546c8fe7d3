import { isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv6Text } from '../../../../src/observers/sflow/decode/object/text.ts';

const textOf = (groups: readonly number[]): string => {
  const view = new DataView(new ArrayBuffer(16));
  groups.forEach((group, index) => {
    view.setUint16(index * 2, group);
  });
  return ipv6Text(view, 0);
};

describe('the text of an IPv6 address', () => {
  it.each([
    [[0, 0, 0, 0, 0, 0, 0, 0], '::'],
    [[0, 0, 0, 0, 0, 0, 0, 1], '::1'],
    [[0xfe80, 0, 0, 0, 0, 0, 0, 0], 'fe80::'],
    [[0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '2001:db8:0:1:1:1:1:1'],
    [[0x2001, 0, 0, 1, 0, 0, 0, 1], '2001:0:0:1::1'],
    [[0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '2001:db8::1:0:0:1'],
  ])('of %j is that of RFC 5952', (groups, expected) => {
    expect(textOf(groups)).toBe(expected);
  });

  it('is the one that URLs have', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 1, 0xabcd), { minLength: 8, maxLength: 8 }), (groups) => {
        const text = textOf(groups);
        expect(isIPv6(text)).toBe(true);
        expect(`[${text}]`).toBe(new URL(`http://[${text}]`).hostname);
      }),
      { seed: 1 },
    );
  });
});
