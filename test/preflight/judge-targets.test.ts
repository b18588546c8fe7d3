import { describe, expect, it } from 'vitest';
import {
  connectionTimeoutMs,
  connectTimeoutMs,
  type DeviceLook,
  judgeConntrack,
  judgeIpStack,
  judgeServiceMesh,
  judgeShortCircuit,
  judgeTcpTimeouts,
  type NamespaceLook,
  type StackFacts,
} from '../../src/preflight/index.ts';

const reasonsIn = (text = ''): string[] => [...text.matchAll(/: ([A-Z][a-zA-Z]+):/g)].map(([, reason = '']) => reason);

describe('judgeIpStack', () => {
  const check = { check: 'ip-stack' as const, podUids: ['p'], device: 'eth0' };
  const namespace: NamespaceLook = {
    packetSockets: [],
    packets: { eth0: { sent: 5000, received: 1 } },
    sentByStack: 5000,
    numbers: {},
  };
  const everything = { protocol: 3, device: 2 };
  const device: DeviceLook = { index: 2, hasAddress: true, redirects: [], taps: [] };
  const facts = (look: Partial<NamespaceLook> = {}, at: Partial<DeviceLook> = {}): StackFacts[] => [
    { podUid: 'p', namespace: { ...namespace, ...look }, device: { ...device, ...at } },
  ];
  /** With tcpdump, or a program that has a stack of its own. */
  const moving = (sent: number, sentByStack: number): StackFacts[] =>
    facts({ packetSockets: [everything] }).map((one) => ({
      ...one,
      moved: { sent, received: 0, sentByStack, seconds: 0.03 },
    }));
  it.each<[string, StackFacts[], Record<string, string>, 'nothing' | 'warned' | 'refused']>([
    ['an ordinary pod', facts(), {}, 'nothing'],
    ['an ordinary RuntimeClass', facts(), { p: 'nvidia' }, 'nothing'],
    ['gVisor by its RuntimeClass', facts(), { p: 'gvisor' }, 'refused'],
    ['Kata by its RuntimeClass', facts(), { p: 'kata-qemu' }, 'refused'],
    ['a RuntimeClass that only begins alike', facts(), { p: 'katalog' }, 'nothing'],
    ["another pod's RuntimeClass", facts(), { other: 'gvisor' }, 'nothing'],
    ['a redirect to a tap device', facts({}, { redirects: [{ device: 'tap0_kata', kind: 'tun' }] }), {}, 'refused'],
    [
      'a redirect to an ifb, which gives packets back',
      facts({}, { redirects: [{ device: 'ifb0', kind: 'ifb' }] }),
      {},
      'nothing',
    ],
    ['a macvtap on the device', facts({}, { taps: [{ device: 'tap1', kind: 'macvtap' }] }), {}, 'refused'],
    ['tcpdump at the device', facts({ packetSockets: [everything] }), {}, 'warned'],
    ['tcpdump at every device', facts({ packetSockets: [{ ...everything, device: 0 }] }), {}, 'warned'],
    ['a packet socket for IPv4', facts({ packetSockets: [{ protocol: 0x0800, device: 2 }] }), {}, 'warned'],
    ['a packet socket at another device', facts({ packetSockets: [{ ...everything, device: 3 }] }), {}, 'nothing'],
    ['ARP only', facts({ packetSockets: [{ protocol: 0x0806, device: 2 }] }), {}, 'nothing'],
    ['LLDP only', facts({ packetSockets: [{ protocol: 0x88cc, device: 2 }] }), {}, 'nothing'],
    [
      'a packet socket that has taken the address over',
      facts({ packetSockets: [everything] }, { hasAddress: false }),
      {},
      'refused',
    ],
    ['a packet socket that sends most', moving(1001, 0), {}, 'refused'],
    ['a packet socket that sends by the million', moving(1_000_001, 1000), {}, 'refused'],
    ['a packet socket where next to nothing is sent', moving(20, 0), {}, 'warned'],
    ['tcpdump beside a bulk sender whose device counts segments', moving(44_000, 1000), {}, 'warned'],
    [
      'tcpdump at a device that still counts what it sent elsewhere',
      facts({ packetSockets: [everything], sentByStack: 0, packets: { eth0: { sent: 1_000_000, received: 9 } } }),
      {},
      'warned',
    ],
    ['no address, and no packet socket', facts({}, { hasAddress: false }), {}, 'nothing'],
    ['no namespace, which another check refuses', [{ podUid: 'p' }], {}, 'nothing'],
  ])('of %s', (_, seen, runtimeClasses, outcome) => {
    const result = judgeIpStack({ ...check, runtimeClasses }, seen);
    expect(result.ok).toBe(outcome !== 'refused');
    expect(reasonsIn(outcome === 'refused' ? result.found : result.warning)).toEqual(
      { nothing: [], warned: ['PacketSocket'], refused: ['OtherStack'] }[outcome],
    );
    expect(result.remedy === '').toBe(result.ok);
  });

  it('warns of filters that could not be read, beside a packet socket', () => {
    const unread = facts({ packetSockets: [everything] }, { redirects: undefined });
    const result = judgeIpStack(check, unread);
    expect(result.ok).toBe(true);
    expect(reasonsIn(result.warning)).toEqual(['PacketSocket', 'FiltersUnread']);
  });
});

describe('judgeConntrack', () => {
  const judge = (node: { count?: number; most?: number } | undefined, count?: number, most?: number) =>
    judgeConntrack({ check: 'conntrack', podUids: ['p'] }, { node, targets: [{ podUid: 'p', count, most }] });

  it.each([
    ['room everywhere', { count: 79, most: 100 }, 0, 100, 0],
    ['a full node', { count: 80, most: 100 }, 0, 100, 1],
    ['a full target', { count: 0, most: 100 }, 100, 100, 1],
    ['both full', { count: 99, most: 100 }, 99, 100, 2],
    ['no connection tracking', {}, undefined, undefined, 0],
    ['no limit', { count: 5, most: 0 }, 5, 0, 0],
    ['a node that cannot be looked at', undefined, 0, 100, 0],
  ])('of %s', (_, node, count, most, warnings) => {
    const result = judge(node, count, most);
    expect(result.ok).toBe(true);
    expect(reasonsIn(result.warning)).toEqual(Array.from({ length: warnings }, () => 'ConntrackNearlyFull'));
  });

  it('says the numbers', () => {
    expect(judge({ count: 250_000, most: 262_144 }).warning).toContain('250000 of 262144 connections');
  });
});

describe('the patience of TCP', () => {
  // Documentation/networking/ip-sysctl.rst gives these, for the defaults of a kernel without and with linear SYN time-outs.
  it.each([
    [{}, 127, 924.6],
    [{ linearSynTimeouts: 4 }, 131, 924.6],
    [{ synRetries: 1 }, 3, 924.6],
    [{ retries: 8 }, 127, 102.2],
    [{ retries: 3, leastRtoUs: 40_000 }, 127, 0.6],
    [{ synRetries: 6, mostRtoMs: 10_000 }, 45, 112.6],
  ])('is, with %o, %d s for a connection being made and %d s for one that is open', (sysctls, connecting, open) => {
    expect(connectTimeoutMs(sysctls) / 1000).toBeCloseTo(connecting, 1);
    expect(connectionTimeoutMs(sysctls) / 1000).toBeCloseTo(open, 1);
  });

  it.each([
    [100_000, undefined],
    [200_000, /^pod p: OutlastsTcp: .* being made fails after 127 s \(tcp_syn_retries\)$/],
    [1_000_000, /being made fails after 127 s \(tcp_syn_retries\), and one that is open fails after 924.6 s at the least/],
  ])('and a silence of %d ms is warned of where it is longer', (silenceMs, warning) => {
    const result = judgeTcpTimeouts({ check: 'tcp-timeouts', podUids: ['p'], silenceMs }, [{ podUid: 'p', sysctls: {} }]);
    expect(result.ok).toBe(true);
    if (warning === undefined) expect(result.warning).toBeUndefined();
    else expect(result.warning).toMatch(warning);
  });
});

describe('what changes ports or goes past devices', () => {
  it('is warned of, with the proxy', () => {
    const result = judgeServiceMesh({ check: 'service-mesh', proxies: { p: 'istio-proxy' } });
    expect(result.ok).toBe(true);
    expect(result.warning).toMatch(/^pod p: ProxyChangesPorts: its container istio-proxy /);
  });

  it.each([
    [['cilium_sock_ops', 'cilium_lxc'], /^ShortCircuit: the BPF map cilium_sock_ops /],
    [['cilium_lxc'], undefined],
    [undefined, undefined],
  ])('of pins %j', (pins, warning) => {
    const result = judgeShortCircuit({ check: 'short-circuit' }, pins);
    expect(result.ok).toBe(true);
    if (warning === undefined) expect(result.warning).toBeUndefined();
    else expect(result.warning).toMatch(warning);
  });
});
