import { describe, expect, it } from 'vitest';
import type { Capability } from '../../src/api/index.ts';
import { runProgram } from '../../src/lib/index.ts';
import { trialWords } from '../../src/preflight/trial-words.ts';

const isRoot = process.getuid?.() === 0;
const reasonOf = (capability: Capability, message: string) => /^(\w+): /.exec(trialWords(capability, { message }))?.[1];

describe('what a trial says', () => {
  it.each<[Capability, string, string | undefined]>([
    ['netem', 'Error: Specified qdisc kind is unknown.', 'QdiscMissing'],
    ['netem', 'Error: Specified qdisc not found.', 'QdiscMissing'],
    ['prio', 'RTNETLINK answers: No such file or directory', 'QdiscMissing'],
    ['netem', 'Unknown qdisc "netem", hence option "delay" is unparsable', 'ProgramTooOld'],
    [
      'bpf-filter',
      'Error: TC classifier not found.; We have an error talking to the kernel; Command failed -:2',
      'FilterMissing',
    ],
    ['bpf-filter', 'RTNETLINK answers: No such file or directory; We have an error talking to the kernel', 'FilterMissing'],
    ['bpf-filter', 'Error: Specified qdisc kind is unknown.; Command failed -:1', 'QdiscMissing'],
    ['ifb', 'Error: Unknown device type.; Command failed -:1', 'DeviceTypeMissing'],
    ['ifb', 'RTNETLINK answers: Operation not supported; Command failed -:1', 'DeviceTypeMissing'],
    ['nft-forward-egress', 'Error: syntax error, unexpected egress', 'ProgramTooOld'],
    ['nft-forward-egress', 'Error: Could not process rule: Operation not supported', 'NftablesMissing'],
    ['netem', 'RTNETLINK answers: Operation not permitted', 'NotPermitted'],
    ['netem', 'Killed', undefined],
  ])('of %s, "%s", means %s', (capability, message, reason) => {
    expect(reasonOf(capability, message)).toBe(reason);
    expect(trialWords(capability, { message, hint: 'the cause' })).toMatch(/; the cause$/);
    expect(trialWords(capability, { message })).toContain(message);
  });

  // Kinds that no kernel has: every kernel says of them what it says of a module that is missing.
  it.skipIf(!isRoot).each<[Capability, string[], string]>([
    ['netem', ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'nosuchkind'], 'QdiscMissing'],
    ['ifb', ['ip', 'link', 'add', 'name', 'squall-trial', 'type', 'nosuchkind'], 'DeviceTypeMissing'],
    ['netem', ['setpriv', '--bounding-set', '-net_admin', 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'htb'], 'NotPermitted'],
    ['nft-set-timeout', ['nft', 'add', 'rule', 'inet', 'x', 'y', 'nosuchword'], 'ProgramTooOld'],
  ])('on this kernel and with these programs, of %s by %j, means %s', async (capability, args, reason) => {
    const { code, stderr } = await runProgram('unshare', ['--net', '--', ...args]);
    expect(code).not.toBe(0);
    expect(reasonOf(capability, stderr.trim().replaceAll(/\s*\n\s*/g, '; '))).toBe(reason);
  });
});
