import { describe, expect, it } from 'vitest';
import { readDeviceLook, readNamespaceLook } from '../../src/preflight/index.ts';

const lines = (path: string, text: string) => text.split('\n').map((line) => `${path}:${line}`);
const text = [
  ...lines(
    '/proc/net/packet',
    `sk               RefCnt Type Proto  Iface R Rmem   User   Inode
00000000c1d93c1f 3      3    0003   7     1 0      0      6145095
000000001dff402b 3      2    0806   0     1 0      0      6144169`,
  ),
  ...lines(
    '/proc/net/dev',
    `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    100      10    0    0    0     0          0         0      100      10    0    0    0     0       0          0
eth0.5:  9999      20    0    0    0     0          0         0     8888      30    0    0    0     0       0          0`,
  ),
  ...lines('/proc/net/snmp', 'Ip: Forwarding ForwDatagrams OutRequests\nIp: 2 5 70\nIcmp: InMsgs\nIcmp: 3'),
  ...lines('/proc/net/snmp6', 'Ip6InReceives     \t1\nIp6OutRequests    \t8\nIp6OutForwDatagrams\t1'),
  ...lines('/proc/sys/net/ipv4/tcp_syn_retries', '6'),
  ...lines('/proc/sys/net/netfilter/nf_conntrack_max', '262144'),
  '',
].join('\n');

describe('a look into a namespace', () => {
  it('tells packet sockets, counters and sysctls from the lines of files', () => {
    expect(readNamespaceLook(text)).toEqual({
      packetSockets: [
        { protocol: 3, device: 7 },
        { protocol: 0x0806, device: 0 },
      ],
      packets: { lo: { sent: 10, received: 10 }, 'eth0.5': { sent: 30, received: 20 } },
      sentByStack: 84,
      numbers: { synRetries: 6, mostConnections: 262144 },
    });
  });

  it('is empty where a kernel has none of the files', () => {
    expect(readNamespaceLook('')).toEqual({ packetSockets: [], packets: {}, sentByStack: 0, numbers: {} });
  });
});

describe('a look at a device', () => {
  const mirred = { order: 1, kind: 'mirred', mirred_action: 'redirect', direction: 'egress', to_dev: 'tap0_kata' };
  const links = [
    { ifindex: 1, ifname: 'lo', addr_info: [{ family: 'inet', scope: 'host' }] },
    {
      ...{ ifindex: 2, ifname: 'eth0', linkinfo: { info_kind: 'veth' } },
      addr_info: [
        { family: 'inet6', scope: 'link' },
        { family: 'inet6', scope: 'global' },
      ],
    },
    { ifindex: 3, ifname: 'tap0_kata', linkinfo: { info_kind: 'tun' } },
    { ifindex: 4, ifname: 'tap1', link: 'eth0', linkinfo: { info_kind: 'macvtap' } },
    { ifindex: 5, ifname: 'vlan1', link: 'eth0', linkinfo: { info_kind: 'vlan' } },
  ];

  it.each([
    ['u32', [{ kind: 'u32', options: { match: {}, actions: [mirred] } }]],
    ['matchall', [{ kind: 'matchall' }, { kind: 'matchall', options: { actions: [{ kind: 'gact' }, mirred] } }]],
  ])('tells where packets are sent by a filter of kind %s', (_, filters) => {
    expect(readDeviceLook('eth0', links, filters)).toEqual({
      index: 2,
      hasAddress: true,
      redirects: [{ device: 'tap0_kata', kind: 'tun' }],
      taps: [{ device: 'tap1', kind: 'macvtap' }],
    });
  });

  it('does not take a copy for a redirect', () => {
    const copied = [{ kind: 'u32', options: { actions: [{ ...mirred, mirred_action: 'mirror' }] } }];
    expect(readDeviceLook('vlan1', links, copied)).toEqual({ index: 5, hasAddress: false, redirects: [], taps: [] });
  });

  it('says nothing of redirects where the filters could not be read', () => {
    expect(readDeviceLook('vlan1', links, undefined)).toEqual({ index: 5, hasAddress: false, taps: [] });
  });

  it.each([
    ['inet', 'global', true],
    ['inet', 'link', true],
    ['inet', 'host', true],
    ['inet6', 'global', true],
    ['inet6', 'host', true],
    ['inet6', 'link', false],
  ])('has with one of %s and scope %s an address that somebody gave it: %s', (family, scope, hasAddress) => {
    const [, own] = links;
    expect(readDeviceLook('eth0', [{ ...own, addr_info: [{ family, scope }] }], [])).toMatchObject({ hasAddress });
  });

  it('is none where there is no such device', () => {
    expect(readDeviceLook('eth1', links, [])).toBeUndefined();
  });
});
