import { describe, expect, it } from 'vitest';
import { readSpec } from '../../src/api/index.ts';
import { checksOfValidator, nameOfCheck } from '../../src/preflight/index.ts';

const validator = readSpec('NetworkModulesValidator', {
  sysctls: { 'net.ipv4.ip_forward': 1 },
  sysctlRules: [{ name: 'net.ipv4.tcp_syn_retries', atMost: 6, scope: 'pod' }],
  modules: ['br_netfilter'],
  qdiscs: ['netem'],
  features: ['nft-set-timeout'],
  tools: ['tc'],
  kernel: { atLeast: '5.10' },
});

describe('checksOfValidator', () => {
  it('makes a check of everything that was written', () => {
    expect(checksOfValidator(validator, []).map(nameOfCheck)).toEqual([
      'kernel',
      'sysctl net.ipv4.ip_forward',
      'module br_netfilter',
      'qdisc netem',
      'capability nft-set-timeout',
      'tool tc',
    ]);
  });

  it("makes a rule of scope pod a check of each pod's own", () => {
    const names = checksOfValidator(validator, ['uid-a', 'uid-b']).map(nameOfCheck);
    expect(names.filter((name) => name.includes('tcp_syn_retries'))).toEqual([
      'sysctl net.ipv4.tcp_syn_retries uid-a',
      'sysctl net.ipv4.tcp_syn_retries uid-b',
    ]);
  });
});
