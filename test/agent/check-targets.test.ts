/** In real namespaces: what a look into a target shows, and what it means. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkTargets } from '../../src/agent/check-targets.ts';
import { createLooks } from '../../src/agent/look-into.ts';
import { namedNamespaces } from '../../src/agent/namespaces/named.ts';
import { systemClock } from '../../src/lib/index.ts';
import { createPair, inside, type Pair } from '../kernel/namespaces.ts';

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('a target', () => {
  let pair: Pair;
  let open: ReturnType<typeof spawn>[];
  beforeEach(async () => {
    pair = await createPair();
    open = [];
  });
  afterEach(async () => {
    for (const program of open) {
      program.kill('SIGKILL');
      await once(program, 'exit');
    }
    await pair.dispose();
  });

  const looks = () => createLooks({ namespaces: namedNamespaces() }, systemClock);
  const stack = async () => await checkTargets(looks(), { check: 'ip-stack', podUids: [pair.podUid], device: 'eth0' });
  const target = async (...args: string[]) => await inside(pair.target, args);

  /** Until it is ended; `protocol` as in linux/if_ether.h, at every device. */
  async function openPacketSocket(protocol: number): Promise<void> {
    const program = `socket(my $s, 17, 3, unpack('S', pack('n', ${String(protocol)}))) or die $!; $| = 1; print 'open'; sleep;`;
    const child = spawn('nsenter', [`--net=/run/netns/${pair.target}`, '--', 'perl', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    open.push(child);
    await once(child.stdout, 'data');
  }

  it('that is ordinary shows nothing', async () => {
    const result = await stack();
    expect(result).toMatchObject({ ok: true, found: 'nothing was seen that goes past it' });
    expect(result.warning).toBeUndefined();
  });

  it('with a packet socket for everything is warned of, and with one for ARP is not', async () => {
    await openPacketSocket(0x0806);
    expect((await stack()).warning).toBeUndefined();
    await openPacketSocket(0x0003);
    expect((await stack()).warning).toContain(`pod ${pair.podUid}: PacketSocket: `);
  });

  it('whose address only a packet socket can have is refused, as with gVisor', async () => {
    await openPacketSocket(0x0003);
    await target('ip', 'address', 'flush', 'dev', 'eth0', 'scope', 'global');
    const result = await stack();
    expect(result.ok).toBe(false);
    expect(result.found).toContain('OtherStack');
  });

  /** IPv4 to the peers, past the target's stack. */
  async function sendPastStack(packets: number): Promise<void> {
    const fields = `pack('S n i S C C a8', 17, 0x0800, $index, 0, 0, 6, "\\xff" x 6)`;
    const program = `my $index = $ARGV[0]; socket(my $s, 17, 2, 0) or die $!; for (1..${String(packets)}) { send($s, "\\x45" . "\\0" x 59, 0, ${fields}) or die $!; }`;
    const [device] = JSON.parse(await target('ip', '-j', 'link', 'show', 'dev', 'eth0')) as { ifindex: number }[];
    await target('perl', '-e', program, String(device?.ifindex));
  }

  it('is refused where a packet socket sends now, and not because of what its device sent before', async () => {
    await sendPastStack(5000);
    await openPacketSocket(0x0003);
    expect((await stack()).warning).toContain(`pod ${pair.podUid}: PacketSocket: `);
    const seen = looks();
    await seen.target(pair.podUid, 'eth0');
    await sendPastStack(20_000);
    const result = await checkTargets(seen, { check: 'ip-stack', podUids: [pair.podUid], device: 'eth0' });
    expect(result.ok).toBe(false);
    expect(result.found).toContain('OtherStack');
  });

  it.each([
    ['lo', '127.0.0.1/8'],
    ['eth0', '169.254.7.7/16'],
  ])('whose only address at %s is %s may have a packet socket', async (device, address) => {
    await openPacketSocket(0x0003);
    await target('ip', 'address', 'flush', 'dev', device);
    await target('ip', 'address', 'add', address, 'dev', device, 'scope', device === 'lo' ? 'host' : 'link');
    const result = await checkTargets(looks(), { check: 'ip-stack', podUids: [pair.podUid], device });
    expect(result.ok).toBe(true);
    expect(result.warning).toContain('PacketSocket');
  });

  it.each<[string, string[][], boolean]>([
    ['to a tap device, as with Kata', [['ip', 'tuntap', 'add', 'dev', 'tap0', 'mode', 'tap']], false],
    ['to an ifb, which gives packets back', [['ip', 'link', 'add', 'name', 'tap0', 'type', 'ifb']], true],
  ])('whose packets are sent %s', async (_, make, ok) => {
    for (const args of make) await target(...args);
    await target('tc', 'qdisc', 'add', 'dev', 'eth0', 'ingress');
    const redirect = ['match', 'u8', '0', '0', 'action', 'mirred', 'egress', 'redirect', 'dev', 'tap0'];
    await target('tc', 'filter', 'add', 'dev', 'eth0', 'parent', 'ffff:', 'protocol', 'all', 'u32', ...redirect);
    expect((await stack()).ok).toBe(ok);
  });

  it('under a macvtap is refused', async () => {
    await target('ip', 'link', 'add', 'link', 'eth0', 'name', 'tap1', 'type', 'macvtap');
    expect(await stack()).toMatchObject({ ok: false });
  });

  it('has its own sysctls, and their patience', async () => {
    await target('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_syn_retries');
    const check = { check: 'tcp-timeouts' as const, podUids: [pair.podUid], silenceMs: 30_000 };
    expect((await checkTargets(looks(), check)).warning).toMatch(/OutlastsTcp: .* being made fails after [37] s/);
  });

  it('and its node have room for connections, as far as the kernel tracks them', async () => {
    const result = await checkTargets(looks(), { check: 'conntrack', podUids: [pair.podUid] });
    expect(result).toMatchObject({ ok: true, remedy: '' });
    expect(result.warning).toBeUndefined();
  });

  it('is seen to receive and send what it is pinged with', async () => {
    const seen = looks();
    await seen.namespace(pair.podUid);
    await inside(pair.peers, ['fping', '-c', '50', '-p', '10', '-q', '10.99.0.1']);
    const { sent = 0, received = 0, sentByStack = 0 } = (await seen.packetsMoved(pair.podUid, 'eth0')) ?? {};
    for (const counted of [sent, received, sentByStack]) expect(counted).toBeGreaterThan(49);
    expect(await seen.packetsMoved(pair.podUid, 'eth7')).toBeUndefined();
  });

  it('shows its devices and the root queueing discipline of the one in question', async () => {
    await target('tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'handle', '1:', 'htb');
    const seen = await looks().target(pair.podUid, 'eth0');
    expect(seen?.facts).toEqual({
      devices: expect.arrayContaining(['lo', 'eth0']) as string[],
      roots: [{ kind: 'htb', handle: '1:' }],
    });
    expect((await looks().target(pair.podUid, 'eth7'))?.facts.roots).toEqual([]);
  });

  it('that is gone, or has no such device, is for another check to refuse', async () => {
    const gone = await checkTargets(looks(), {
      check: 'ip-stack',
      podUids: ['00000000-0000-4000-8000-000000000000'],
      device: 'eth0',
    });
    expect(gone.ok).toBe(true);
    const other = await checkTargets(looks(), { check: 'ip-stack', podUids: [pair.podUid], device: 'eth7' });
    expect(other.ok).toBe(true);
  });
});
