import { describe, expect, it } from 'vitest';
import { addressOf, readerOfKeys } from '../../../src/control/traffic-share/flow-keys.ts';

const addresses = { source: '10.0.0.1', destination: '10.0.0.2' };

describe('the keys of a flow', () => {
  it.each([
    [['ipsource', 'ipdestination'], '10.0.0.1,10.0.0.2', addresses],
    [['ipdestination', 'vlan', 'ipsource'], '10.0.0.2,7,10.0.0.1', addresses],
    [['ip6source', 'ip6destination'], 'fd00::1,fd00:0:0:0:0:0:0:2', { source: 'fd00::1', destination: 'fd00::2' }],
    [
      ['or:ipsource:ip6source', 'or:ipdestination:ip6destination', 'ipprotocol'],
      '10.0.0.1,10.0.0.2,6',
      { ...addresses, protocol: 6 },
    ],
    [
      ['ipsource', 'ipdestination', 'tcpsourceport', 'tcpdestinationport'],
      '10.0.0.1,10.0.0.2,40000,80',
      { ...addresses, protocol: 6, sourcePort: 40_000, destinationPort: 80 },
    ],
    [
      ['ipsource', 'ipdestination', 'null:[or:tcpdestinationport:udpdestinationport]:0'],
      '10.0.0.1,10.0.0.2,53',
      { ...addresses, destinationPort: 53 },
    ],
    [['ipsource', 'ipdestination', 'null:[or:tcpdestinationport:udpdestinationport]:0'], '10.0.0.1,10.0.0.2,0', addresses],
    [['ipsource', 'ipdestination', 'mask:ipsource:24'], '10.0.0.1,10.0.0.2,10.0.0.0', addresses],
  ])('%j say what packets a flow has', (keys, flow, expected) => {
    const read = readerOfKeys(keys)?.read(flow);
    expect(JSON.parse(JSON.stringify(read))).toEqual(expected);
  });

  it.each([['10.0.0.1'], ['10.0.0.1,10.0.0.2,3'], ['10.0.0.1,somebody'], ['10.0.0.1,fe80::1%eth0'], [''], ['<b>,10.0.0.2']])(
    'say nothing of a flow named %j',
    (flow) => {
      expect(readerOfKeys(['ipsource', 'ipdestination'])?.read(flow)).toBeUndefined();
    },
  );

  it.each([
    [['ipsource']],
    [['ipdestination', 'tcpdestinationport']],
    [['mask:ipsource:24', 'ipdestination']],
    [['or:ipsource:ipdestination', 'ipdestination']],
    [['ipsource.1', 'ipdestination.1']],
    [['constructor', 'ipdestination']],
    [[]],
  ])('%j do not have both addresses', (keys) => {
    expect(readerOfKeys(keys)).toBeUndefined();
  });

  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['FD00:0::0001', 'fd00::1'],
    ['fe80::1%eth0', undefined],
    ['10.0.0.256', undefined],
    [undefined, undefined],
  ])('an address %s is %s in canonical text', (text, canonical) => {
    expect(addressOf(text)).toBe(canonical);
  });
});
