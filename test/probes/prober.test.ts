import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeStream } from '../../src/api/index.ts';
import { type NumberedSample, pingOnce, startProbers } from '../../src/probes/index.ts';

const tcpProbeProgram = fileURLToPath(new URL('../../src/probes/tcp-probe/main.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const name = `squall-test-${randomUUID().slice(0, 8)}`;
const path = `/run/netns/${name}`;

const fileAt = (file: string) => ({ path: file, inode: statSync(file).ino });
const inside = (program: string, ...args: string[]) =>
  execFileSync('ip', ['netns', 'exec', name, program, ...args], { encoding: 'utf8' });

function stream(id: string, facts: Partial<ProbeStream>): ProbeStream {
  return { id, hypothesis: 'h', podUid: 'p', protocol: 'icmp', address: '127.0.0.1', periodMs: 50, timeoutMs: 300, ...facts };
}

/** Runs streams until all have reached their counts. */
async function run(streams: ProbeStream[]): Promise<Map<string, NumberedSample[]>> {
  const samples = new Map<string, NumberedSample[]>(streams.map(({ id }) => [id, []]));
  const prober = startProbers({
    namespace: fileAt(path),
    streams,
    tcpProbeProgram,
    onSample: (sample) => samples.get(sample.stream)?.push(sample),
  });
  expect(await prober.ended).toEqual({ outcome: 'done' });
  for (const list of samples.values()) list.sort((a, b) => a.number - b.number);
  return samples;
}

/** The processes whose environment carries a mark. */
function marked(mark: string): number[] {
  const found = execFileSync('sh', ['-c', `grep -lz -- ${mark} /proc/[0-9]*/environ 2>/dev/null || true`], { encoding: 'utf8' });
  return found
    .split('\n')
    .filter(Boolean)
    .map((file) => Number(file.split('/')[2]));
}

describe.skipIf(!isRoot)('startProbers, in a network namespace', () => {
  beforeAll(() => {
    execFileSync('ip', ['netns', 'add', name]);
    inside('ip', 'link', 'set', 'lo', 'up');
    inside('nft', 'add table inet t; add chain inet t input { type filter hook input priority 0; }');
    inside(
      'nft',
      'add rule inet t input ip daddr 127.0.0.2 drop; add rule inet t input ip6 daddr ::1 icmpv6 type echo-request numgen inc mod 2 0 drop',
    );
  });
  afterAll(() => {
    execFileSync('ip', ['netns', 'del', name]);
  });

  it('pings both families, counts what is dropped as lost by time-out and what has no route as unreachable', async () => {
    const count = 10;
    const samples = await run([
      stream('answers', { count }),
      stream('half', { address: '::1', count }),
      stream('dropped', { address: '127.0.0.2', count }),
      stream('no route', { address: '192.0.2.1', count }),
      stream('the same again', { count }),
    ]);
    const lossesOf = (id: string) =>
      (samples.get(id) ?? []).filter(({ rttMs }) => rttMs === undefined).map(({ reason }) => reason);
    for (const list of samples.values())
      expect(list.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(lossesOf('answers')).toEqual([]);
    expect(lossesOf('the same again')).toEqual([]);
    expect(lossesOf('half')).toEqual(Array.from({ length: 5 }, () => 'timeout'));
    expect(lossesOf('dropped')).toEqual(Array.from({ length: count }, () => 'timeout'));
    expect(lossesOf('no route')).toEqual(Array.from({ length: count }, () => 'unreachable'));
  });

  it('tells of every ping that nobody answers, also after a machine that stood still for several periods', async () => {
    const numbers: number[] = [];
    const mark = `SQUALL_TEST_${randomUUID().slice(0, 8)}`;
    process.env[mark] = '1';
    const prober = startProbers({
      namespace: fileAt(path),
      streams: [stream('dropped', { address: '127.0.0.2', periodMs: 20, timeoutMs: 100 })],
      lastsMs: 60_000,
      tcpProbeProgram,
      onSample: ({ number }) => numbers.push(number),
    });
    Reflect.deleteProperty(process.env, mark);
    const until = async (count: number) => {
      while (numbers.length < count) await sleep(20);
    };
    await until(10);
    const [fping = 0] = marked(mark).filter((pid) => readFileSync(`/proc/${String(pid)}/comm`, 'utf8').trim() === 'fping');
    process.kill(fping, 'SIGSTOP');
    await sleep(500);
    process.kill(fping, 'SIGCONT');
    await until(100);
    await prober.stop();
    const told = numbers.toSorted((a, b) => a - b);
    expect(told.slice(0, 90)).toEqual(Array.from({ length: 90 }, (_, number) => number));
  });

  it('stamps each ping with when it was sent: one period after the other, also when it was lost', async () => {
    const samples = await run([
      stream('a', { count: 10, periodMs: 100 }),
      stream('b', { address: '127.0.0.2', count: 10, periodMs: 100 }),
    ]);
    for (const list of samples.values()) {
      const first = list[0]?.sentAt ?? NaN;
      const last = list[9]?.sentAt ?? NaN;
      expect(last - first).toBeGreaterThan(880);
      expect(last - first).toBeLessThan(1300);
    }
  });

  it('notices in an endless run that nothing can be sent', async () => {
    const lost: NumberedSample[] = [];
    const enough = Promise.withResolvers<undefined>();
    const prober = startProbers({
      namespace: fileAt(path),
      streams: [stream('no route', { address: '192.0.2.1' })],
      tcpProbeProgram,
      onSample: (sample) => {
        lost.push(sample);
        if (lost.length >= 20) enough.resolve(undefined);
      },
    });
    await enough.promise;
    await prober.stop();
    expect(await prober.ended).toEqual({ outcome: 'stopped' });
    expect(lost.every(({ reason }) => reason === 'unreachable')).toBe(true);
    expect(lost.map(({ number }) => number).slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  }, 20_000);

  it('says why when its program fails', async () => {
    const prober = startProbers({
      namespace: fileAt(path),
      streams: [stream('a', { protocol: 'tcp', port: 7009 })],
      tcpProbeProgram: '/nonexistent.js',
      onSample: () => undefined,
    });
    const end = await prober.ended;
    expect(end.outcome).toBe('failed');
    expect(end.outcome === 'failed' && end.message).toMatch(/Cannot find module/);
  });

  it.each([
    ['nothing', () => ({ ...fileAt(path), path: `${path}-none` })],
    ['another namespace', () => ({ ...fileAt(path), path: '/proc/self/ns/net' })],
  ])('starts nothing where its file names %s by now', (_, namespace) => {
    const start = () =>
      startProbers({ namespace: namespace(), streams: [stream('a', {})], tcpProbeProgram, onSample: () => undefined });
    expect(start).toThrow(expect.objectContaining({ code: 'NotFound' }) as Error);
  });

  it('opens TCP connections from the reserved ports, and tells refused, unanswered and established apart', async () => {
    inside(
      'nft',
      'add counter inet t reserved; add rule inet t input tcp dport 7001 tcp sport 61000-65535 tcp flags syn counter name reserved',
    );
    inside('nft', 'add rule inet t input tcp dport 7003 drop');
    const listener = spawn(
      'ip',
      [
        'netns',
        'exec',
        name,
        process.execPath,
        '-e',
        "require('net').createServer((socket) => socket.on('error', () => {})).listen(7001, '::', () => console.log('up'))",
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await new Promise((resolve) => listener.stdout.once('data', resolve));
    try {
      const count = 8;
      const tcp = { protocol: 'tcp' as const, count };
      const samples = await run([
        stream('v4', { ...tcp, port: 7001 }),
        stream('v6', { ...tcp, address: '::1', port: 7001 }),
        stream('refused', { ...tcp, port: 7002 }),
        stream('unanswered', { ...tcp, port: 7003 }),
        stream('no route', { ...tcp, address: '192.0.2.1', port: 7001 }),
      ]);
      const outcomes = (id: string) => [...new Set((samples.get(id) ?? []).map(({ reason }) => reason ?? 'answered'))];
      for (const list of samples.values())
        expect(list.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(outcomes('v4')).toEqual(['answered']);
      expect(outcomes('v6')).toEqual(['answered']);
      expect(outcomes('refused')).toEqual(['refused']);
      expect(outcomes('unanswered')).toEqual(['timeout']);
      expect(outcomes('no route')).toEqual(['unreachable']);
      expect(inside('nft', 'list', 'counter', 'inet', 't', 'reserved')).toMatch(new RegExp(`packets ${String(2 * count)} `));
      expect(inside('ss', '-Htan', 'state', 'time-wait').trim()).toBe('');
    } finally {
      listener.kill('SIGKILL');
    }
  }, 20_000);

  it('leaves no program behind when whoever started it is killed with kill -9', async () => {
    const mark = `SQUALL_TEST_MARK=${randomUUID()}`;
    const index = fileURLToPath(new URL('../../src/probes/index.ts', import.meta.url));
    const streams = [stream('icmp', {}), stream('tcp', { protocol: 'tcp', port: 7002 })];
    const script = `import { startProbers } from ${JSON.stringify(index)};
      let seen = new Set();
      startProbers({ namespace: ${JSON.stringify(fileAt(path))}, streams: ${JSON.stringify(streams)}, tcpProbeProgram: ${JSON.stringify(tcpProbeProgram)},
        onSample: ({ stream }) => { seen.add(stream); if (seen.size === 2) console.log('both'); } });`;
    const [key = '', value = ''] = mark.split('=');
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, [key]: value },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => owner.stdout.once('data', resolve));
    const programs = marked(mark).filter((pid) => pid !== owner.pid);
    const names = programs.map((pid) => readFileSync(`/proc/${String(pid)}/comm`, 'utf8').trim());
    expect(names).toHaveLength(2);
    expect(names).toContain('fping');
    owner.kill('SIGKILL');
    await expect
      .poll(() => programs.filter((pid) => existsSync(`/proc/${String(pid)}`)), { timeout: 2000, interval: 10 })
      .toEqual([]);
  }, 20_000);
});

describe.skipIf(!isRoot)('pingOnce', () => {
  it('gives the times of the answered pings by address', async () => {
    const options = { addresses: ['127.0.0.1', '192.0.2.7'], periodMs: 20, timeoutMs: 200, payloadBytes: 40, count: 5 };
    execFileSync('ip', ['netns', 'add', `${name}-once`]);
    try {
      execFileSync('ip', ['netns', 'exec', `${name}-once`, 'ip', 'link', 'set', 'lo', 'up']);
      const answered = await pingOnce(fileAt(`/run/netns/${name}-once`), options);
      expect(answered['127.0.0.1']).toHaveLength(5);
      expect(answered['192.0.2.7']).toEqual([]);
    } finally {
      execFileSync('ip', ['netns', 'del', `${name}-once`]);
    }
  });
});
