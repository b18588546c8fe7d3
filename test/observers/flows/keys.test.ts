import { describe, expect, it } from 'vitest';
import { defineFlow, type FlowFields } from '../../../src/observers/index.ts';

const tcp: FlowFields = {
  bytes: 1518,
  macsource: '0200000A0001',
  ipsource: '10.0.0.1',
  ipdestination: '10.0.1.77',
  ipprotocol: 6,
  ipbytes: 1500,
  tcpsourceport: 40000,
  tcpdestinationport: 443,
  stack: 'eth.ip.tcp',
};
const icmp: FlowFields = {
  bytes: 98,
  ipsource: '10.0.0.1',
  ipdestination: '10.0.1.77',
  ipprotocol: 1,
  icmptype: 8,
  icmpcode: 0,
  vlan: 7,
};
const ip6: FlowFields = {
  bytes: 90,
  ip6source: '2001:db8:1:2::9',
  ip6destination: '2001:db8::1',
  ip6nexthdr: 17,
  udpsourceport: 53,
};
const tunnelled: FlowFields = { ...tcp, 'ipsource.1': '192.168.0.5' };

const flowOf = (keys: string, fields: FlowFields) => defineFlow({ keys: [keys], value: 'bytes' }).flowOf(fields);

describe('flow keys', () => {
  it.each([
    ['ipsource,ipdestination', tcp, '10.0.0.1,10.0.1.77'],
    ['ipsource,ipdestination,tcpsourceport,tcpdestinationport', tcp, '10.0.0.1,10.0.1.77,40000,443'],
    ['ipsource,ipdestination', icmp, '10.0.0.1,10.0.1.77'],
    ['ipsource,tcpsourceport', icmp, undefined],
    ['', tcp, ''],
    ['ipsource.1', tunnelled, '192.168.0.5'],
    ['ipsource.1', tcp, undefined],
    ['icmpcode', icmp, '0'],
    // Of sFlow-RT's documents and of the applications that its maker publishes.
    ['or:ipsource:ip6source', tcp, '10.0.0.1'],
    ['or:ipsource:ip6source', ip6, '2001:db8:1:2::9'],
    ['or:tcpsourceport:udpsourceport:icmptype', icmp, '8'],
    ['or:tcpsourceport:udpsourceport', icmp, undefined],
    ['null:vlan:undefined', tcp, 'undefined'],
    ['null:vlan:undefined', icmp, '7'],
    ['null:vlan:0,ipdestination', tcp, '0,10.0.1.77'],
    ['null:[or:tcpsourceport:udpsourceport]:0', icmp, '0'],
    ['mask:ipsource:24', tcp, '10.0.0.0'],
    ['mask:ipdestination:23', tcp, '10.0.0.0'],
    ['mask:ip6source:48', ip6, '2001:db8:1::'],
    ['mask:ip6source:48', tcp, undefined],
    ['mask:[or:ipsource:ip6source]:16', ip6, '2001::'],
    ['mask:ipsource:48', tcp, undefined],
    ['prefix:stack:.:2', tcp, 'eth.ip'],
    ['suffix:stack:.:1', tcp, 'tcp'],
    ['eq:ipsource:ipdestination', tcp, 'false'],
    ['eq:ipsource:ipsource', tcp, 'true'],
    ['eq:ipsource:vlan', tcp, undefined],
    ['range:tcpdestinationport:0:1023', tcp, 'true'],
    ['range:tcpsourceport:0:1023', tcp, 'false'],
    ['range:udpsourceport:0:1023', tcp, undefined],
  ])('%s', (keys, fields, flow) => {
    expect(flowOf(keys, fields)).toBe(flow);
  });

  it.each([
    ['ipsorce', /flow key 'ipsorce': expected one of macsource, .*, or a function of one/],
    ['ipsource.x', /flow key 'ipsource.x'/],
    ['ipsource,', /flow key ''/],
    [
      'group:ipsource:default',
      /the function 'group' needs address groups, which a NetworkMonitor cannot define; expected one of or,/,
    ],
    ['country:ipsource', /the function 'country' needs a table/],
    ['first:stack:.:ip:ip6', /the function 'first' needs arguments that are not documented/],
    ['constructor:ipsource', /there is no function 'constructor'/],
    ['or:ipsource', /expected or:<key>:<key>/],
    ['null:ipsource', /expected null:<key>:<value>/],
    ['mask:ipsource:x', /expected mask:<key>:<bits>/],
    ['mask:ipsource:129', /expected mask:<key>:<bits>/],
    ['range:tcpsourceport:9:1', /expected range:<key>:<lowest>:<highest>/],
    ['prefix:stack:.:0', /expected prefix:<key>:<delimiter>:<number of tokens>/],
    ['or:tcpsourceport:udpsourceport:-1', /flow key '-1'/],
    ['mask:[or:ipsource:ip6source:24', /expected a '\]' after each '\['/],
    ['mask:or]:24', /expected a '\[' before each '\]'/],
    [`${'null:['.repeat(9)}vlan${']:0'.repeat(9)}`, /at most 8 functions in each other/],
  ])('refuses %s', (keys, message) => {
    expect(() => flowOf(keys, tcp)).toThrow(message);
  });
});

describe('the value of a flow', () => {
  it.each([
    ['frames', 1],
    ['bytes', 1518],
    ['ipbytes', 1500],
    ['ip6bytes', undefined],
  ])('%s of a packet is %s', (value, expected) => {
    expect(defineFlow({ keys: [], value }).value(tcp)).toBe(expected);
  });

  it.each(['requests', 'avg:duration', 'tcpsourceport'])('refuses %s', (value) => {
    expect(() => defineFlow({ keys: [], value })).toThrow(`value '${value}': expected frames, bytes, ipbytes or ip6bytes`);
  });
});
