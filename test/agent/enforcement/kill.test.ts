/** Real agent processes in a network namespace of the test's own, which they take for the node's: its sysctls alone are changed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEnforcer } from '../../../src/agent/enforcement/enforcer.ts';
import { readSysctlLedger } from '../../../src/agent/enforcement/ledger.ts';
import { halts, leases, nodeTasks } from '../../../src/agent/run-agent.ts';
import { apiVersion, type NodeTask, nodeLabel, systemNamespace } from '../../../src/api/index.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../../src/embedded/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { createStore, type Store, transportFor } from '../../../src/store/index.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const isRoot = process.getuid?.() === 0;
const instance = '0123abcd';
const program = fileURLToPath(new URL('../../../src/agent/main.ts', import.meta.url));
const resources = [nodeTasks, leases, halts].map((resource) => ({ ...resource, status: resource === nodeTasks }));
const forward = 'net.ipv4.ip_forward';
const retries = 'net.ipv4.tcp_syn_retries';

const task: NodeTask = {
  apiVersion,
  kind: 'NodeTask',
  metadata: { name: 'enforce', namespace: systemNamespace, labels: { [nodeLabel]: 'node' } },
  spec: {
    node: 'node',
    run: { uid: 'validator', namespace: '', name: 'ready' },
    work: 'enforce',
    instance,
    generation: 1,
    order: 'apply',
    targets: [],
    sysctls: [
      { sysctl: forward, value: '1' },
      { sysctl: retries, value: '3' },
    ],
    lease: { name: 'none', seconds: 30 },
    notAfter: '9999-12-31T23:59:59Z',
  },
};
const key = { namespace: systemNamespace, name: 'enforce' };

describe.skipIf(!isRoot)('an agent that keeps sysctls set', () => {
  let folder: string;
  let name: string;
  let server: EmbeddedServer;
  let store: Store;
  let agent: ChildProcess | undefined;
  let before: Record<string, string>;

  const inside = (...words: string[]) => ['nsenter', [`--net=/run/netns/${name}`, '--', ...words]] as const;
  const read = (sysctl: string) => execFileSync(...inside('sysctl', '-n', sysctl), { encoding: 'utf8' }).trim();
  const set = (sysctl: string, value: string) => execFileSync(...inside('sysctl', '-q', '-w', `${sysctl}=${value}`));
  const until = async (sysctl: string, value: string) => {
    await expect.poll(() => read(sysctl), { timeout: 20_000 }).toBe(value);
  };
  const entries = async () => (await readSysctlLedger(folder))?.entries.map(({ sysctl }) => sysctl);

  function startAgent(): void {
    const args = ['--socket', join(folder, 'api.sock'), '--node', 'node', '--instance', instance, '--state', folder];
    agent = spawn(...inside(process.execPath, program, ...args), { stdio: ['pipe', 'ignore', 'ignore'] });
  }
  async function killAgent(): Promise<void> {
    if (agent === undefined) return;
    agent.kill('SIGKILL');
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
    agent = undefined;
  }
  async function untilSet(): Promise<void> {
    await store.create(nodeTasks, task);
    startAgent();
    while ((await store.get(nodeTasks, key)).status?.observedGeneration !== 1) await systemClock.sleep(50);
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'squall-enforce-'));
    name = `squall-enforce-${randomUUID().slice(0, 8)}`;
    execFileSync('ip', ['netns', 'add', name]);
    set(forward, '0');
    set(retries, '6');
    const socket = join(folder, 'api.sock');
    server = await startEmbeddedServer({ database: join(folder, 'store.db'), socket, resources, clock: systemClock });
    store = createStore(transportFor({ socket }));
    before = { [forward]: read(forward), [retries]: read(retries) };
  });
  afterEach(async () => {
    await killAgent();
    store.close();
    await server.close();
    execFileSync('ip', ['netns', 'del', name]);
    rmSync(folder, { recursive: true });
  });

  it('sets what differs and says so, and sets it back when its task is deleted', async () => {
    await untilSet();
    expect([read(forward), read(retries)]).toEqual(['1', '3']);
    const { status } = await store.get(nodeTasks, key);
    expect(status?.checks?.map(({ ok, found }) => [ok, found])).toEqual([
      [true, '1'],
      [true, '3'],
    ]);
    await store.delete(nodeTasks, key);
    for (const [sysctl, value] of Object.entries(before)) await until(sysctl, value);
    await expect.poll(entries).toEqual([]);
  });

  it('keeps nothing set that the kernel reads back otherwise, since nobody could tell whose it is', async () => {
    const enforcer = createEnforcer(folder, { netNamespace: `/run/netns/${name}`, root: '' }, () => undefined);
    const [result] = await enforcer.apply('validator', [{ sysctl: retries, value: '0x3' }]);
    expect(result).toMatchObject({ ok: false, found: "the kernel makes '3' of it; ask for that" });
    expect(read(retries)).toBe(before[retries]);
    expect(await entries()).toEqual([]);
  });

  it('goes on after kill -9 where it is still wanted', async () => {
    await untilSet();
    await killAgent();
    startAgent();
    set(forward, '0');
    const present = await store.get(nodeTasks, key);
    await store.update(nodeTasks, { ...present, spec: { ...present.spec, generation: 2 } });
    await until(forward, '1');
    await store.delete(nodeTasks, key);
    for (const [sysctl, value] of Object.entries(before)) await until(sysctl, value);
  });

  it('sets back after kill -9 what nobody wants any more, but not what somebody else has set since', async () => {
    await untilSet();
    await killAgent();
    expect([read(forward), read(retries)]).toEqual(['1', '3']);
    set(retries, '4');
    await store.delete(nodeTasks, key);
    startAgent();
    await until(forward, '0');
    await expect.poll(entries).toEqual([]);
    expect(read(retries)).toBe('4');
  });

  it('leaves what squall clean sets back, though only in the namespace that it was set in', async () => {
    await untilSet();
    await killAgent();
    const clean = async (netNamespace: string) =>
      await createEnforcer(folder, { netNamespace, root: '' }, () => undefined).retain(() => false);
    await expect(clean('/proc/self/ns/net')).rejects.toThrow(/set in another network namespace/);
    expect(read(forward)).toBe('1');
    expect(await clean(`/run/netns/${name}`)).toBe(0);
    expect({ [forward]: read(forward), [retries]: read(retries) }).toEqual(before);
    expect(await entries()).toEqual([]);
  });
});
