import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const inside = (...args: string[]) => run('ip', 'netns', 'exec', namespace, ...args);
const namespace = 'guest-test';

describe('the guest machine', () => {
  before(() => {
    run('ip', 'netns', 'add', namespace);
    inside('ip', 'link', 'set', 'lo', 'up');
    inside('ip', 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two');
  });
  after(() => {
    run('ip', 'netns', 'delete', namespace);
  });

  it('names itself in the environment', () => {
    assert.equal(process.env.SQUALL_GUEST, '1');
  });

  it('has a place for named network namespaces', () => {
    assert.ok(existsSync(`/run/netns/${namespace}`));
  });

  it('delays packets by netem', () => {
    inside('tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '50ms');
    const mean = /= [\d.]+\/([\d.]+)\//.exec(inside('ping', '-n', '-q', '-c', '5', '-i', '0.2', '127.0.0.1'))?.[1];
    // Both directions pass the loopback device's qdisc. A loaded emulator may be late, never early.
    assert.ok(Number(mean) >= 100 && Number(mean) < 200, `the mean round trip was ${String(mean)} ms`);
  });

  for (const [what, ...args] of [
    ['prio', 'tc', 'qdisc', 'add', 'dev', 'one', 'root', 'handle', 'fa17:', 'prio', 'bands', '16'],
    ['tbf', 'tc', 'qdisc', 'add', 'dev', 'two', 'root', 'tbf', 'rate', '10gbit', 'burst', '2000', 'limit', '100000'],
    ['ifb', 'ip', 'link', 'add', 'three', 'type', 'ifb'],
    ['bridge', 'ip', 'link', 'add', 'four', 'type', 'bridge'],
    [
      'nat',
      'nft',
      'add table ip n; add chain ip n c { type nat hook prerouting priority -100; }; add rule ip n c dnat to 10.0.0.1',
    ],
    ['conntrack', 'nft', 'add table ip t; add chain ip t c; add rule ip t c ct state established counter'],
    ['netdev', 'nft', 'add table netdev e; add chain netdev e c { type filter hook ingress device one priority 0; }'],
  ] as const) {
    it(`loads what ${what} needs by itself`, () => {
      inside(...args);
    });
  }

  for (const module of ['br_netfilter', 'virtio_net', 'openvswitch', 'nsh']) {
    it(`can load the module ${module}`, () => {
      run('modprobe', module);
      assert.match(readFileSync('/proc/modules', 'utf8'), new RegExp(`^${module} `, 'm'));
    });
  }

  it('lets elements of nftables sets time out', async () => {
    inside('nft', 'add table inet leases; add set inet leases held { type mark; flags timeout; }');
    inside('nft', 'add element inet leases held { 1 timeout 1s }');
    const elements = () => inside('nft', 'list', 'set', 'inet', 'leases', 'held');
    assert.match(elements(), /expires/);
    const limit = performance.now() + 10_000;
    while (elements().includes('expires') && performance.now() < limit) await sleep(100);
    assert.doesNotMatch(elements(), /expires/);
  });

  it('writes over the files of the host without changing them', () => {
    assert.match(readFileSync('/proc/mounts', 'utf8'), /^overlay \/ overlay rw/m);
  });
});
