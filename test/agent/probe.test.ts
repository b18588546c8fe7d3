import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeTaskSpec, ProbeStream, Sample } from '../../src/api/index.ts';
import { namedNamespaces } from '../../src/agent/index.ts';
import { observe } from '../../src/probes/index.ts';
import { createFakeKernel, type FakeKernel } from './fake-kernel.ts';
import { type Bench, createBench, faultTask, nodeTasks, orderUndo, phasesAre, statusUntil } from './support.ts';

const isRoot = process.getuid?.() === 0;

/** A pod's network namespace as the lab makes it, with its loopback up. */
function createPod(): string {
  const uid = randomUUID();
  execFileSync('ip', ['netns', 'add', `squall-${uid}`]);
  execFileSync('ip', ['netns', 'exec', `squall-${uid}`, 'ip', 'link', 'set', 'lo', 'up']);
  return uid;
}

const programsIn = (uid: string) => execFileSync('ip', ['netns', 'pids', `squall-${uid}`], { encoding: 'utf8' }).trim();

describe.skipIf(!isRoot)('a probe task', () => {
  let bench: Bench;
  let kernel: FakeKernel;
  let pod = '';

  beforeEach(async () => {
    bench = await createBench();
    kernel = createFakeKernel(bench.clock, () => 0);
    pod = createPod();
  });
  afterEach(async () => {
    await bench.close();
    if (existsSync(`/run/netns/squall-${pod}`)) execFileSync('ip', ['netns', 'del', `squall-${pod}`]);
  });

  const stream = (id: string, facts: Partial<ProbeStream> = {}): ProbeStream => ({
    id,
    hypothesis: 'h',
    podUid: pod,
    protocol: 'icmp',
    address: '127.0.0.1',
    periodMs: 100,
    timeoutMs: 300,
    ...facts,
  });
  const probeTask = (streams: ProbeStream[], spec: Partial<NodeTaskSpec> = {}) =>
    faultTask(bench, [...new Set(streams.map(({ podUid }) => podUid))], {
      work: 'probe',
      fault: undefined,
      probe: { streams },
      ...spec,
    });
  const begin = async (task: ReturnType<typeof probeTask>) => {
    bench.startAgent(kernel, { namespaces: namedNamespaces() });
    return await bench.store.create(nodeTasks, task);
  };

  it('shows complete seconds while it runs, and leaves every sample in its file until the task is gone', async () => {
    const task = probeTask([stream('ping'), stream('refused', { protocol: 'tcp', port: 7009 })]);
    await begin(task);
    const enough = (seconds: number) => (status: { aggregates?: Record<string, unknown[]> }) =>
      ['ping', 'refused'].every((id) => (status.aggregates?.[id]?.length ?? 0) >= seconds);
    const { aggregates = {} } = await statusUntil(bench, task, enough(3));
    const whole = aggregates.ping?.[1];
    expect(whole).toMatchObject({ lost: 0 });
    expect(whole?.sent).toBeGreaterThanOrEqual(8);
    expect(observe('refused', aggregates.refused ?? []).lossPercent).toBe(100);

    await orderUndo(bench, task);
    const { targets, aggregates: last = {} } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(targets[0]?.reason).toBeUndefined();
    expect(programsIn(pod)).toBe('');
    const samples = readFileSync(join(bench.folder, 'samples', `${task.metadata.name}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Sample);
    for (const id of ['ping', 'refused']) {
      const own = samples.filter((sample) => sample.stream === id);
      const counted = observe(id, last[id] ?? []);
      expect(own.length).toBeGreaterThanOrEqual(counted.sent);
      expect(own.length).toBeLessThanOrEqual(counted.sent + 5);
    }
    expect(samples.find((sample) => sample.stream === 'refused')).toMatchObject({ reason: 'refused' });
    const { namespace, name } = task.metadata;
    await bench.store.delete(nodeTasks, { namespace, name });
    await expect.poll(() => existsSync(join(bench.folder, 'samples', `${name}.jsonl`)), { timeout: 10_000 }).toBe(false);
  });

  it('is Clean by itself when every stream has reached its count', async () => {
    const task = probeTask([stream('ping', { count: 5 }), stream('tcp', { protocol: 'tcp', port: 7009, count: 5 })]);
    await begin(task);
    const { aggregates = {}, targets } = await statusUntil(bench, task, phasesAre('Clean'));
    expect(observe('ping', aggregates.ping ?? [])).toMatchObject({ sent: 5, received: 5 });
    expect(observe('tcp', aggregates.tcp ?? [])).toMatchObject({ sent: 5, received: 0 });
    expect(targets[0]?.reason).toBeUndefined();
  });

  it('is lost with its namespace, which it does not keep alive', async () => {
    const task = probeTask([stream('ping')]);
    await begin(task);
    await statusUntil(bench, task, phasesAre('Active'));
    const pids = programsIn(pod).split('\n');
    execFileSync('ip', ['netns', 'del', `squall-${pod}`]);
    const { targets } = await statusUntil(bench, task, phasesAre('Lost'));
    expect(targets[0]?.reason).toBe('NamespaceGone');
    await expect
      .poll(
        () => pids.filter((pid) => execFileSync('sh', ['-c', `kill -0 ${pid} 2>/dev/null && echo ${pid} || true`]).length > 0),
        { timeout: 2000 },
      )
      .toEqual([]);
  });

  it('stops at notAfter and when it is deleted', async () => {
    const ending = probeTask([stream('ping')], { notAfter: new Date(bench.clock.now() + 3000).toISOString() });
    await begin(ending);
    expect((await statusUntil(bench, ending, phasesAre('Clean'))).targets[0]?.reason).toBe('NotAfter');
    const deleted = probeTask([stream('ping')]);
    await bench.store.create(nodeTasks, deleted);
    await statusUntil(bench, deleted, phasesAre('Active'));
    await bench.store.delete(nodeTasks, { namespace: 'squall-system', name: deleted.metadata.name });
    await expect.poll(() => programsIn(pod), { timeout: 3000 }).toBe('');
  });

  it('refuses sources that it cannot probe from, and streams that are too many', async () => {
    const missing = randomUUID();
    const crowd = Array.from({ length: 60 }, (_, index) =>
      stream(`tcp ${String(index)}`, { protocol: 'tcp', port: 7009, periodMs: 100, timeoutMs: 1000 }),
    );
    const task = probeTask([...crowd, stream('ping', { podUid: missing })]);
    await begin(task);
    const { targets } = await statusUntil(bench, task, phasesAre('Refused', 'Refused'));
    expect(targets.map(({ reason }) => reason)).toEqual(['InvalidInput', 'NamespaceNotFound']);
    expect(targets[0]?.message).toMatch(/660 connections/);
  });
});

describe.skipIf(!isRoot)('a preflight task', () => {
  it('answers every check with what was expected and found, and a remedy where it failed', async () => {
    const bench = await createBench();
    const pod = createPod();
    try {
      bench.startAgent(
        createFakeKernel(bench.clock, () => 0),
        { namespaces: namedNamespaces() },
      );
      const checks: NodeTaskSpec['checks'] = [
        { check: 'capability', capability: 'nft-set-timeout' },
        { check: 'capability', capability: 'nft-set-priority' },
        { check: 'capability', capability: 'netem' },
        { check: 'tool', tool: 'tc' },
        { check: 'tool', tool: 'no-such-tool' },
        { check: 'device', podUid: pod, device: 'lo' },
        { check: 'device', podUid: pod, device: 'eth7' },
        { check: 'distribution', distribution: 'normal' },
        { check: 'distribution', distribution: 'zipf' },
      ];
      const task = faultTask(bench, [pod], { work: 'preflight', fault: undefined, checks });
      await bench.store.create(nodeTasks, task);
      const status = await statusUntil(bench, task, phasesAre('Clean'));
      const results = status.checks ?? [];
      expect(results.map(({ check }) => check)).toEqual(checks);
      // Whether the kernel has netem depends on the machine; the rest does not.
      const [, , netem, ...rest] = results;
      expect([results[0]?.ok, results[1]?.ok, ...rest.map(({ ok }) => ok)]).toEqual([
        true,
        true,
        true,
        false,
        true,
        false,
        true,
        false,
      ]);
      if (netem?.ok === false) expect(netem.remedy).toMatch(/sch_netem/);
      for (const { ok, expected, found, remedy } of results) {
        expect(expected).not.toBe('');
        expect(found).not.toBe('');
        expect(remedy === '').toBe(ok);
      }
    } finally {
      await bench.close();
      execFileSync('ip', ['netns', 'del', `squall-${pod}`]);
    }
  });
});
