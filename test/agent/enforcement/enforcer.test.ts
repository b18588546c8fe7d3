/** In a network namespace of the test's own, and where the kernel cannot be made to fail on ordinary files in place of sysctls. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEnforcer, type Enforcer } from '../../../src/agent/enforcement/enforcer.ts';
import { readSysctlLedger } from '../../../src/agent/enforcement/ledger.ts';
import { readSysctl } from '../../../src/agent/node-checks/sysctls.ts';

const isRoot = process.getuid?.() === 0;
const forward = 'net.ipv4.ip_forward';
const loopback = 'net.ipv4.conf.lo.forwarding';
const retries = 'net.ipv4.tcp_syn_retries';
const reserved = 'net.ipv4.ip_local_reserved_ports';

describe.skipIf(!isRoot)('setting and setting back', () => {
  let folder: string;
  let names: string[];
  let netNamespace: string;
  let enforcer: Enforcer;

  const sysctl = (...args: string[]) =>
    execFileSync('nsenter', [`--net=${netNamespace}`, '--', 'sysctl', ...args], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const read = (key: string) => sysctl('-n', key);
  const entries = async () => (await readSysctlLedger(folder))?.entries;
  const apply = async (wanted: Record<string, string>, owner = 'a') =>
    (
      await enforcer.apply(
        owner,
        Object.entries(wanted).map(([key, value]) => ({ sysctl: key, value })),
      )
    ).map(({ ok }) => ok);

  /** Another network namespace, which is then the node's. */
  function enterNew(): void {
    const name = `squall-enforcer-${randomUUID().slice(0, 8)}`;
    execFileSync('ip', ['netns', 'add', name]);
    names.push(name);
    netNamespace = `/run/netns/${name}`;
    for (const setting of [`${forward}=0`, `${retries}=6`]) sysctl('-q', '-w', setting);
    enforcer = createEnforcer(folder, { netNamespace, root: '' }, () => undefined);
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'squall-enforcer-'));
    names = [];
    enterNew();
  });
  afterEach(() => {
    for (const name of names) execFileSync('ip', ['netns', 'del', name]);
    rmSync(folder, { recursive: true });
  });

  it('sets one back that was empty', async () => {
    expect(await apply({ [reserved]: '30000-30010' })).toEqual([true]);
    expect(await enforcer.release('a')).toBe(0);
    expect(read(reserved)).toBe('');
    expect(await entries()).toEqual([]);
  });

  it('keeps nothing set of an empty one that the kernel reads back otherwise', async () => {
    expect(await apply({ [reserved]: '30000,30001' })).toEqual([false]);
    expect(read(reserved)).toBe('');
    expect(await entries()).toEqual([]);
  });

  it('sets back what was before the first value when the kernel refuses the next', async () => {
    await apply({ [retries]: '3' });
    expect(await apply({ [retries]: '9999' })).toEqual([false]);
    expect(await apply({ [retries]: '9999' })).toEqual([false]);
    expect(read(retries)).toBe('3');
    expect(await enforcer.release('a')).toBe(0);
    expect(read(retries)).toBe('6');
  });

  it('sets back what was before the first value after the next', async () => {
    await apply({ [retries]: '3' });
    expect(await apply({ [retries]: '4' })).toEqual([true]);
    expect(await entries()).toEqual([{ sysctl: retries, was: '6', written: '4', owners: ['a'] }]);
    expect(await enforcer.release('a')).toBe(0);
    expect(read(retries)).toBe('6');
  });

  it('knows one sysctl by both ways to write its name', async () => {
    expect(await apply({ [forward]: '1' }, 'a')).toEqual([true]);
    expect(await apply({ 'net/ipv4/ip_forward': '0' }, 'b')).toEqual([false]);
    expect(read(forward)).toBe('1');
    expect(await apply({ 'net/ipv4/ip_forward': '1' }, 'a')).toEqual([true]);
    expect(await entries()).toHaveLength(1);
    expect(await enforcer.release('a')).toBe(0);
    expect(read(forward)).toBe('0');
  });

  it.each([
    ['before', { [forward]: '1', [loopback]: '0' }],
    ['after', { [loopback]: '0', [forward]: '1' }],
  ])('sets those that differ also where another that is named %s them changes them, and sets all back', async (_, wanted) => {
    expect(await apply(wanted)).toEqual([true, true]);
    expect([read(forward), read(loopback)]).toEqual(['1', '0']);
    expect(await enforcer.release('a')).toBe(0);
    expect([read(forward), read(loopback)]).toEqual(['0', '0']);
    expect(await entries()).toEqual([]);
  });

  it('says that two names of one setting in the kernel cannot both be had, and sets back what was', async () => {
    expect(await apply({ [forward]: '1', 'net.ipv4.conf.all.forwarding': '0' })).toEqual([false, true]);
    expect(await enforcer.release('a')).toBe(0);
    expect(read(forward)).toBe('0');
  });

  it('sets the last back first, whoever wanted it', async () => {
    await apply({ [forward]: '1' }, 'a');
    await apply({ [loopback]: '0' }, 'b');
    expect(await enforcer.retain(() => false)).toBe(0);
    expect([read(forward), read(loopback)]).toEqual(['0', '0']);
  });

  it('forgets what went with the network namespace that it was set in', async () => {
    await apply({ [retries]: '3' });
    execFileSync('ip', ['netns', 'del', ...names.splice(0)]);
    enterNew();
    sysctl('-q', '-w', `${retries}=3`);
    expect(await enforcer.retain(() => false)).toBe(0);
    expect(read(retries)).toBe('3');
    expect(await apply({ [retries]: '4' })).toEqual([true]);
    expect(await entries()).toEqual([{ sysctl: retries, was: '3', written: '4', owners: ['a'] }]);
  });

  it('does not take a namespace that has gone for a sysctl that is not there', async () => {
    const gone = readSysctl({ netNamespace: `${netNamespace}-gone`, root: '' }, retries);
    await expect(gone).rejects.toThrow(/cannot be read: nsenter/);
    await expect(readSysctl({ netNamespace, root: '' }, 'net.ipv4.no_such')).resolves.toBeUndefined();
  });

  it('counts as left, and keeps in the ledger, what the kernel does not take back', async () => {
    const root = join(folder, 'root');
    const file = join(root, 'proc/sys/net/core/somaxconn');
    const put = (value: string) => {
      rmSync(file, { force: true });
      writeFileSync(file, value);
    };
    mkdirSync(join(root, 'proc/sys/net/core'), { recursive: true });
    put('128');
    enforcer = createEnforcer(folder, { netNamespace, root }, () => undefined);
    expect(await apply({ 'net.core.somaxconn': '' })).toEqual([true]);
    rmSync(file);
    symlinkSync('/dev/null', file);
    expect(await enforcer.release('a')).toBe(1);
    expect(await entries()).toHaveLength(1);
    put('');
    expect(await enforcer.release('a')).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('128\n');
    expect(await entries()).toEqual([]);
  });
});
