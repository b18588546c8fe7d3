import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressesInHostsFile } from '../../../src/probes/host-lookup/hosts-file.ts';

describe('a hosts file', () => {
  const file = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1 localhost ip6-localhost # and not db',
    '10.0.0.9 db.shop DB',
    '10.0.0.8 db',
    'fd00::9\tdb',
    'fe80::1%eth0 link',
    'nothing db',
    '10.0.0.9 db',
  ].join('\n');
  it.each([
    ['localhost', ['127.0.0.1'], ['::1']],
    ['Db', ['10.0.0.8', '10.0.0.9'], ['fd00::9']],
    ['db.', ['10.0.0.8', '10.0.0.9'], ['fd00::9']],
    ['db.shop', ['10.0.0.9'], []],
    ['shop', [], []],
    ['link', [], []],
    ['10.0.0.8', [], []],
  ])('has for %s %j and %j', (host, ipv4, ipv6) => {
    expect(addressesInHostsFile(file, host)).toEqual({ ipv4, ipv6 });
  });

  it('has what was written for a name, and nothing for another', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.ipV4()), fc.uniqueArray(fc.ipV6()), (four, six) => {
        const text = [...four, ...six].map((address) => `${address} other name`).join('\n');
        expect(addressesInHostsFile(text, 'name')).toEqual({ ipv4: four.toSorted(), ipv6: six.toSorted() });
        expect(addressesInHostsFile(text, 'nam')).toEqual({ ipv4: [], ipv6: [] });
      }),
    );
  });
});
