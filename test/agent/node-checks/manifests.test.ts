/** What the checks of the talk's and the origin's manifests find, against what other programs find on the same machine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { expect, it, describe } from 'vitest';
import { checkNode, isNodeCheck } from '../../../src/agent/node-checks/check-node.ts';
import { ownPlace } from '../../../src/agent/node-checks/node-place.ts';
import { type CheckResult, type PreflightCheck, readManifests } from '../../../src/api/index.ts';
import { checksOfValidator, unknownSystem } from '../../../src/preflight/index.ts';

const isRoot = process.getuid?.() === 0;
const noPods = {
  find: () => Promise.resolve(undefined),
  pathOf: () => Promise.resolve(undefined),
  list: () => Promise.resolve([]),
};

const system = () => Promise.resolve(unknownSystem);
const context = { namespaces: noPods, nodePlace: ownPlace, kernelRelease: release(), system };

async function check(asked: PreflightCheck): Promise<CheckResult> {
  if (!isNodeCheck(asked)) throw new Error(`${asked.check} is no check of a node`);
  return await checkNode(context, asked);
}

function checksOf(file: string): PreflightCheck[] {
  const text = readFileSync(new URL(`../../fixtures/${file}`, import.meta.url), 'utf8');
  const { manifests } = readManifests([{ name: file, text }]);
  return manifests.flatMap((manifest) =>
    manifest.kind === 'NetworkModulesValidator' ? checksOfValidator(manifest.model, []) : [],
  );
}

/** By sysctl(8); undefined where that knows none. */
function bySysctl(name: string): string | undefined {
  const { status, stdout } = spawnSync('sysctl', ['-n', name], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replaceAll(/\s+/g, ' ') : undefined;
}

describe.skipIf(!isRoot)('on this machine', () => {
  describe.each(['talk/03-network-modules-validator.yaml', 'network-machinery/naetworkvalidator.yaml'])('%s', (file) => {
    it.each(checksOf(file))('finds what sysctl and /proc show: %j', async (asked) => {
      if (asked.check !== 'sysctl') throw new Error(`${asked.check} in ${file}`);
      const { ok, found } = await check(asked);
      const value = bySysctl(asked.sysctl);
      const inProc = `/proc/sys/${asked.sysctl.replaceAll('.', '/')}`;
      expect(existsSync(inProc)).toBe(value !== undefined);
      if (value !== undefined) expect(readFileSync(inProc, 'utf8').trim()).toBe(value);
      expect(found).toBe(value ?? 'there is no such sysctl');
      expect(ok).toBe(asked.expect.operator === 'exists' ? value !== undefined : value === '1');
    });
  });

  it.each(['netem', 'tbf', 'htb', 'prio', 'pfifo_fast', 'nothing'])('finds of the qdisc %s what tc does', async (qdisc) => {
    const { ok } = await check({ check: 'qdisc', qdisc });
    const words = qdisc === 'tbf' ? 'tbf rate 1mbit burst 10kb latency 1ms' : qdisc;
    const args = ['--net', '--', 'tc', ...`qdisc add dev lo root ${words}`.split(' ')];
    expect(ok).toBe(spawnSync('unshare', args).status === 0);
  });

  it('says of modules what /proc, /sys and modules.builtin say', async () => {
    const listed = existsSync('/proc/modules') ? readFileSync('/proc/modules', 'utf8') : '';
    const one = listed
      .split('\n')
      .find((line) => line.includes(' Live '))
      ?.split(' ')[0];
    if (one !== undefined) expect((await check({ check: 'module', module: one })).found).toBe('loaded');
    // In every kernel that can do TCP; without /lib/modules, sysfs alone tells.
    if (existsSync('/sys/module/tcp_cubic') && !listed.includes('tcp_cubic')) {
      expect((await check({ check: 'module', module: 'tcp-cubic' })).found).toBe('built into the kernel');
    }
    expect((await check({ check: 'module', module: 'squall_none' })).ok).toBe(false);
  });

  it.each([
    { on: '1', met: [true, true] },
    { on: '0', met: [false, false] },
  ])('finds the same manifest met, or not, as the namespace that counts as the node is: $on', async ({ on, met }) => {
    await inNewNamespace(async (path) => {
      const inside = (...words: string[]) => execFileSync('nsenter', [`--net=${path}`, '--', ...words]);
      inside('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
      inside('sysctl', '-q', '-w', `net.ipv4.ip_forward=${on}`, `net.ipv4.conf.eth0.proxy_arp=${on}`);
      // A kernel without br_netfilter has no such sysctl in any namespace.
      const set = 'net.bridge.bridge-nf-call-iptables=1';
      const isBridged = spawnSync('nsenter', [`--net=${path}`, '--', 'sysctl', '-q', '-w', set]).status === 0;
      const nodePlace = { netNamespace: path, root: '' };
      const checks = checksOf('network-machinery/naetworkvalidator.yaml').filter(isNodeCheck);
      const results = await Promise.all(checks.map((one) => checkNode({ ...context, nodePlace }, one)));
      expect(results.map(({ ok }) => ok)).toEqual([isBridged, ...met]);
      expect(results.map(({ found }) => found)).toEqual([isBridged ? '1' : 'there is no such sysctl', on, on]);
    });
  });

  it("reads a pod's sysctl in its own namespace", async () => {
    await inNewNamespace(async (path) => {
      execFileSync('nsenter', [`--net=${path}`, '--', 'sysctl', '-q', '-w', 'net.ipv4.tcp_syn_retries=3']);
      const inode = Number(execFileSync('stat', ['-L', '-c', '%i', path], { encoding: 'utf8' }));
      const find = () => Promise.resolve({ path, inode });
      const namespaces = { ...noPods, find, pathOf: () => Promise.resolve(path) };
      const asked = { check: 'sysctl', sysctl: 'net.ipv4.tcp_syn_retries', expect: { operator: 'range', atMost: 3 } } as const;
      expect((await checkNode({ ...context, namespaces }, { ...asked, podUid: 'uid-a' })).found).toBe('3');
      expect((await check(asked)).found).toBe(bySysctl('net.ipv4.tcp_syn_retries'));
    });
  });
});

async function inNewNamespace(use: (path: string) => Promise<void>): Promise<void> {
  const name = `squall-sysctl-${randomUUID().slice(0, 8)}`;
  execFileSync('ip', ['netns', 'add', name]);
  try {
    await use(`/run/netns/${name}`);
  } finally {
    execFileSync('ip', ['netns', 'del', name]);
  }
}
