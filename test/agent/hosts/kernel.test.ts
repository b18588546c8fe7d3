/** Host names as peers with a name server, a target's own resolv.conf and a real kernel, whatever kernel the tests run on. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHostResolver, createKernelDriver, namedNameFiles, namedNamespaces } from '../../../src/agent/index.ts';
import type { FaultWork, NodeTask } from '../../../src/api/index.ts';
import { onlyFind, startHostLookup } from '../../../src/probes/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { addressesOf, createPair, keepPinging, type Pair, ping, snapshot } from '../../kernel/namespaces.ts';
import { lost } from '../../kernel/statistics.ts';
import {
  type Bench,
  createBench,
  faultTask,
  instance,
  nodeTasks,
  orderUndo,
  phasesAre,
  putLease,
  statusUntil,
} from '../support.ts';

const program = fileURLToPath(new URL('../../../src/probes/host-lookup/main.ts', import.meta.url));
const server = fileURLToPath(new URL('./dns-server.ts', import.meta.url));

type NameServer = { tell: (zone: Record<string, string[]>) => Promise<void>; asked: string[]; end: () => Promise<void> };

function startNameServer(namespace: string, address: string): NameServer {
  const args = ['--pdeathsig', 'KILL', 'nsenter', `--net=/run/netns/${namespace}`, '--', process.execPath, server, address];
  const child: ChildProcess = spawn('setpriv', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const asked: string[] = [];
  const told: (() => void)[] = [];
  if (child.stdout === null) throw new Error('the name server has no output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'zone') told.shift()?.();
    else asked.push(line);
  });
  return {
    asked,
    tell: async (zone) => {
      await new Promise<void>((resolve) => {
        told.push(resolve);
        child.stdin?.write(`${JSON.stringify(zone)}\n`);
      });
    },
    end: async () => {
      const exited = once(child, 'exit');
      child.stdin?.end();
      await exited;
    },
  };
}

describe('host names of a target', { timeout: 90_000 }, () => {
  let pair: Pair;
  let etc: string;
  let names: NameServer;
  let bench: Bench;
  const start = async (address: string) => {
    names = startNameServer(pair.peers, address);
    const own = join(etc, 'netns', pair.target);
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'resolv.conf'), `nameserver ${address}\nsearch shop.example example\noptions ndots:2\n`);
    await writeFile(join(etc, 'resolv.conf'), 'nameserver 192.0.2.53\n');
    await writeFile(join(etc, 'hosts'), '10.99.0.5 in-file.example\n');
  };
  beforeEach(async () => {
    pair = await createPair({ acting: 'htb' });
    etc = await mkdtemp(join(tmpdir(), 'squall-etc-'));
    bench = await createBench();
  });
  afterEach(async () => {
    await bench.close();
    await names.end();
    await pair.dispose();
    await rm(etc, { recursive: true, force: true });
  });
  const lossOf = async (...numbers: number[]) => {
    const times = await ping(pair.target, addressesOf(...numbers), { count: 50, periodMs: 2, timeoutMs: 300 });
    return addressesOf(...numbers).map((address) => lost(times[address] ?? []));
  };
  const resolver = () => createHostResolver(namedNamespaces(), namedNameFiles(etc), program);
  const both = (number: number) => addressesOf(number);

  it.each(['10.99.0.9', 'fd99::9'])('are looked up from inside its namespace, by its own files, at %s', async (address) => {
    await start(address);
    await names.tell({
      'db.shop.example': both(2),
      'only-4.example': ['10.99.0.3'],
      'many.example': Array.from({ length: 10 }, (_, index) => `10.99.1.${String(index)}`),
    });
    const hosts = ['db', 'in-file.example', '10.99.0.4', 'only-4', 'many.example', 'nobody.example'];
    const found = await resolver()(pair.namespace, hosts, new AbortController().signal);
    expect(found).toMatchObject([
      { host: 'db', ipv4: ['10.99.0.2'], ipv6: ['fd99::2'], ttlSeconds: 5 },
      { host: 'in-file.example', ipv4: ['10.99.0.5'], ipv6: [] },
      { host: '10.99.0.4', ipv4: ['10.99.0.4'], ipv6: [] },
      { host: 'only-4', ipv4: ['10.99.0.3'], ipv6: [] },
      { host: 'many.example', ipv4: { length: 10 }, ttlSeconds: 5 },
      {
        host: 'nobody.example',
        error: expect.stringContaining(`by name server ${address} (nobody.example.shop.example: ENOTFOUND`) as string,
      },
    ]);
    const from = address.includes(':') ? 'fd99::1' : '10.99.0.1';
    expect(names.asked.every((line) => line.endsWith(` by ${from}`))).toBe(true);
    expect(names.asked).not.toContain(expect.stringContaining('in-file'));
  });

  it('are looked up by the files in a root of its own, of which nothing is held once the program has started', async () => {
    await start('10.99.0.9');
    await names.tell({ 'db.other.example': both(3) });
    await mkdir(join(etc, 'root', 'etc'), { recursive: true });
    await writeFile(join(etc, 'root', 'etc', 'hosts'), '10.99.0.4 alias\n');
    await writeFile(join(etc, 'root', 'etc', 'resolv.conf'), 'nameserver 10.99.0.9\nsearch other.example\n');
    const root = openSync(join(etc, 'root'), onlyFind);
    const { signal } = new AbortController();
    const { path, inode } = pair.namespace;
    const { answers } = startHostLookup({ namespace: { path, inode }, hosts: ['db', 'alias'], files: { root }, program, signal });
    closeSync(root);
    expect(await answers).toEqual([
      { host: 'db', ipv4: ['10.99.0.3'], ipv6: ['fd99::3'], ttlSeconds: 5 },
      { host: 'alias', ipv4: ['10.99.0.4'], ipv6: [] },
    ]);
  });

  it('that nobody answers for are given up within 5 s, and one that is told to end ends at once', async () => {
    await start('10.99.0.9');
    await writeFile(
      join(etc, 'netns', pair.target, 'resolv.conf'),
      'nameserver 10.99.0.77\nnameserver 10.99.0.78\nnameserver fd99::79\n',
    );
    const started = systemClock.monotonic();
    const [found] = await resolver()(pair.namespace, ['a.example'], new AbortController().signal);
    expect(systemClock.monotonic() - started).toBeLessThan(6000);
    expect(found).toMatchObject({
      host: 'a.example',
      error: expect.stringMatching(/^no a.* by name server 10.99.0.77, 10.99.0.78, fd99::79/) as string,
    });
    const ending = new AbortController();
    const stopped = resolver()(pair.namespace, ['a.example'], ending.signal);
    await systemClock.sleep(100);
    ending.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('are hurt where they lead to, then where they lead to next, and nobody else ever is', async () => {
    // Its name server is at an address that is hurt: name resolution is spared.
    await start('10.99.0.2');
    await names.tell({ 'db.shop.example': both(2) });
    const found = await snapshot(pair.target);
    bench.namespaces.set(pair.podUid, pair.namespace);
    const driver = await createKernelDriver({
      stateFolder: bench.folder,
      instance,
      clock: systemClock,
      namespaces: namedNamespaces(),
      chooseDriver: () => Promise.resolve('htb'),
    });
    await putLease(bench, 600);
    const fault: Partial<FaultWork> = {
      effect: { type: 'partition' },
      direction: 'both',
      peers: { ipv4: [], ipv6: [] },
      hosts: { peers: [{ host: 'db' }], except: [] },
    };
    const task: NodeTask = faultTask(bench, [pair.podUid], { lease: { name: 'run-lease', seconds: 60 } }, fault);
    const agent = bench.startAgent(driver, {
      clock: systemClock,
      namespaces: namedNamespaces(),
      resolveHosts: resolver(),
    });
    await bench.store.create(nodeTasks, task);
    await statusUntil(bench, task, phasesAre('Active'));
    expect(await lossOf(2, 3, 9)).toEqual([50, 50, 0, 0, 0, 0]);
    const pinging = keepPinging(pair.target, addressesOf(4, 9));

    await names.tell({ 'db.shop.example': both(3) });
    while ((await lossOf(3))[0] !== 50) await systemClock.sleep(200);
    expect(await lossOf(2, 3, 4, 9)).toEqual([0, 0, 50, 50, 0, 0, 0, 0]);

    const { times, count } = await pinging.end();
    expect(count).toBeGreaterThan(0);
    for (const address of addressesOf(4, 9)) expect(lost(times[address] ?? [])).toBe(0);

    await names.tell({});
    await statusUntil(bench, task, ({ targets: [target] }) => target?.warnings !== undefined);
    expect(await lossOf(2, 3, 9)).toEqual([0, 0, 50, 50, 0, 0]);

    await orderUndo(bench, task);
    await statusUntil(bench, task, phasesAre('Clean'));
    expect(await lossOf(2, 3, 9)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await snapshot(pair.target)).toEqual(found);
    expect(agent.log.filter((line) => line.startsWith('error'))).toEqual([]);
    expect(existsSync(`/run/netns/${pair.target}`)).toBe(true);
  });
});
