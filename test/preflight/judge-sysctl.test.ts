import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SysctlExpectation } from '../../src/api/index.ts';
import { judgeSysctl, normaliseSysctl, sysctlFile } from '../../src/preflight/index.ts';

const judge = (expect: SysctlExpectation, read: string | undefined, sysctl = 'net.core.somaxconn') =>
  judgeSysctl({ check: 'sysctl', sysctl, expect }, read);

const held: [SysctlExpectation, string | undefined][] = [
  [{ operator: 'equals', value: '1' }, '1\n'],
  [{ operator: 'equals', value: '4096 131072 6291456' }, '4096\t131072\t6291456\n'],
  [{ operator: 'oneOf', values: ['cubic', 'bbr'] }, 'bbr\n'],
  [{ operator: 'range', atLeast: 128 }, '4096'],
  [{ operator: 'range', atMost: -1 }, '-1'],
  [{ operator: 'range', atLeast: 1, atMost: 2 }, '2'],
  [{ operator: 'exists' }, ''],
  [{ operator: 'absent' }, undefined],
];
const missed: [SysctlExpectation, string | undefined][] = [
  [{ operator: 'equals', value: '1' }, '0'],
  [{ operator: 'equals', value: '1' }, '10'],
  [{ operator: 'oneOf', values: ['cubic', 'bbr'] }, 'reno'],
  [{ operator: 'range', atLeast: 128 }, '127'],
  [{ operator: 'range', atMost: 2 }, '3'],
  [{ operator: 'range', atLeast: 0 }, '4096 131072 6291456'],
  [{ operator: 'range', atLeast: 0 }, ''],
  [{ operator: 'absent' }, '0'],
  ...held.flatMap(([expectation]): [SysctlExpectation, undefined][] =>
    expectation.operator === 'absent' ? [] : [[expectation, undefined]],
  ),
];

describe('judgeSysctl', () => {
  it.each(held)('%j holds of %j', (expectation, read) => {
    expect(judge(expectation, read)).toMatchObject({ ok: true, remedy: '' });
  });

  it.each(missed)('%j does not hold of %j, and there is a remedy', (expectation, read) => {
    const { ok, remedy } = judge(expectation, read);
    expect({ ok, hasRemedy: remedy !== '' }).toEqual({ ok: false, hasRemedy: true });
  });

  it.each([
    [{ operator: 'equals', value: '1' }, '0', 'sysctl -w net.core.somaxconn="1"'],
    [{ operator: 'range', atLeast: 5, atMost: 9 }, '10', 'net.core.somaxconn="9"'],
    [{ operator: 'range', atLeast: 5, atMost: 9 }, '1', 'net.core.somaxconn="5"'],
  ] as const)('its remedy for %j at %s sets a value that would hold', (expectation, read, command) => {
    expect(judge(expectation, read).remedy).toContain(command);
  });

  it.each([
    ['net.bridge.bridge-nf-call-iptables', 'modprobe br_netfilter'],
    ['net.netfilter.nf_conntrack_max', 'modprobe nf_conntrack'],
    ['net.ipv4.conf.eth0/100.proxy_arp', "'ip link' shows no eth0.100"],
    ['net.nothing', 'sysctl -a'],
  ])('its remedy for a missing %s says where it comes from', (sysctl, remedy) => {
    expect(judge({ operator: 'exists' }, undefined, sysctl).remedy).toContain(remedy);
  });

  it('says in which pod it looked', () => {
    const check = { check: 'sysctl', sysctl: 'net.core.somaxconn', podUid: 'uid-a', expect: { operator: 'exists' } } as const;
    expect(judgeSysctl(check, '1').expected).toBe('net.core.somaxconn in pod uid-a exists');
  });

  it('has a remedy for a pod that lasts as long as the pod', () => {
    const check = {
      check: 'sysctl',
      sysctl: 'net.core.somaxconn',
      podUid: 'uid-a',
      expect: { operator: 'range', atMost: 1 },
    } as const;
    expect(judgeSysctl(check, '2').remedy).toBe(`set it to "1" by the pod's securityContext.sysctls`);
  });
});

describe('sysctlFile', () => {
  it.each([
    ['net.ipv4.ip_forward', 'net/ipv4/ip_forward'],
    ['net.ipv4.conf.eth0/100.proxy_arp', 'net/ipv4/conf/eth0.100/proxy_arp'],
    ['net/ipv4/conf/eth0.100/proxy_arp', 'net/ipv4/conf/eth0.100/proxy_arp'],
    ['net.bridge.bridge-nf-call-iptables', 'net/bridge/bridge-nf-call-iptables'],
  ])('finds %s at %s, as sysctl(8) does', (name, file) => {
    expect(sysctlFile(name)).toBe(file);
  });

  it('never leaves /proc/sys', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z./-]{1,20}$/), (name) => {
        let file: string;
        try {
          file = sysctlFile(name);
        } catch {
          return;
        }
        expect(file.split('/').some((part) => part === '' || part === '.' || part === '..')).toBe(false);
      }),
    );
  });
});

describe('normaliseSysctl', () => {
  it('changes nothing that it has made', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(normaliseSysctl(normaliseSysctl(text))).toBe(normaliseSysctl(text));
      }),
    );
  });
});
