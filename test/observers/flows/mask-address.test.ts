import { BlockList, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskAddress } from '../../../src/observers/flows/mask-address.ts';

describe('the network of an address', () => {
  it.each([
    ['10.1.2.3', 24, '10.1.2.0'],
    ['10.1.2.3', 0, '0.0.0.0'],
    ['10.1.2.3', 32, '10.1.2.3'],
    ['255.255.255.255', 9, '255.128.0.0'],
    ['2001:db8:ffff::1', 33, '2001:db8:8000::'],
    ['2001:db8::1', 128, '2001:db8::1'],
    ['::1', 64, '::'],
    ['2001:DB8:0:0:0:0:0:1', 127, '2001:db8::'],
    ['10.1.2.3', 33, undefined],
    ['host', 8, undefined],
  ])('of %s with %d bits is %s', (address, bits, network) => {
    expect(maskAddress(address, bits)).toBe(network);
  });

  it('is the one in which the address lies', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6().filter(isIPv6));
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 32 }), (one, bits) => {
        const version = isIPv6(one) ? 'ipv6' : 'ipv4';
        const network = new BlockList();
        network.addSubnet(maskAddress(one, bits) ?? '', bits, version);
        expect(network.check(one, version)).toBe(true);
        expect(maskAddress(maskAddress(one, bits) ?? '', bits)).toBe(maskAddress(one, bits));
      }),
    );
  });
});
