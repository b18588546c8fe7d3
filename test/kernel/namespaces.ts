/**
 * What kernel tests stand on: a target's network namespace and one for its peers, joined by a veth pair, with nothing in between.
 * The peers are addresses of one namespace, so that a test needs no bridge and no router.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKernelDriver, type LocalKernelDriver } from '../../src/agent/kernel/index.ts';
import type { Namespace } from '../../src/agent/kernel-driver.ts';
import type { Driver, Fault, FaultWork } from '../../src/api/index.ts';
import type { EgressWay } from '../../src/faults/index.ts';
import { runProgram, systemClock } from '../../src/lib/index.ts';

/** Last parts of the peers' addresses: 10.99.0.N and fd99::N. The target is N = 1. */
const peerNumbers = [2, 3, 4, 5, 9];

export type Pair = {
  podUid: string;
  /** Names for `ip netns`. */
  target: string;
  peers: string;
  stateFolder: string;
  instance: string;
  driver: LocalKernelDriver;
  namespace: Namespace;
  dispose: () => Promise<void>;
};

export async function command(program: string, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, { input, timeoutMs: 60_000 });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Runs a program in a namespace. */
export async function inside(namespace: string, args: readonly string[], input?: string): Promise<string> {
  return await command('nsenter', [`--net=/run/netns/${namespace}`, '--', ...args], input);
}

/**
 * @param queueLength of the target's device; container runtimes leave 0 or 1000
 * @param acting the driver that faults are planned for; what this kernel has unless given
 * @param egress how netem hurts what goes out; the best that this kernel has unless given
 */
export async function createPair({
  queueLength = 1000,
  acting,
  egress,
}: { queueLength?: number; acting?: Driver; egress?: EgressWay } = {}): Promise<Pair> {
  const podUid = randomUUID();
  const [target, peers] = [`squall-${podUid}`, `peers-${podUid}`];
  const made = [
    `netns add ${target}`,
    `netns add ${peers}`,
    `link add eth0 netns ${target} type veth peer name eth0 netns ${peers}`,
  ];
  await command('ip', ['-batch', '-'], `${made.join('\n')}\n`);
  const lines = (numbers: readonly number[]) =>
    numbers.flatMap((number) => [
      `addr add 10.99.0.${String(number)}/24 dev eth0`,
      `addr add fd99::${String(number)}/64 dev eth0 nodad`,
    ]);
  const up = `link set lo up\nlink set eth0 txqueuelen ${String(queueLength)} up\n`;
  await command('ip', ['-n', peers, '-batch', '-'], `${lines(peerNumbers).join('\n')}\n${up}`);
  await command('ip', ['-n', target, '-batch', '-'], `${lines([1]).join('\n')}\n${up}`);
  // The kernel notices a carrier a moment later; a snapshot before that would differ by itself.
  while (!(await inside(target, ['ip', '-j', 'link', 'show', 'eth0'])).includes('"operstate":"UP"'));
  const stateFolder = await mkdtemp(join(tmpdir(), 'squall-kernel-test-'));
  const instance = randomBytes(4).toString('hex');
  const driver = await createKernelDriver({
    stateFolder,
    instance,
    clock: systemClock,
    ...(acting === undefined ? {} : { chooseDriver: () => Promise.resolve(acting) }),
    ...(egress === undefined ? {} : { chooseEgress: () => Promise.resolve(egress) }),
  });
  const namespace = await driver.openNamespace(podUid, `/run/netns/${target}`);
  const dispose = async () => {
    // A test may have removed the namespace itself.
    await runProgram('ip', ['-force', '-batch', '-'], { input: `netns del ${target}\nnetns del ${peers}\n` });
    await rm(stateFolder, { recursive: true, force: true });
  };
  return { podUid, target, peers, stateFolder, instance, driver, namespace, dispose };
}

/** A fault on eth0; `peers` are numbers, both families of each. */
export function work(id: string, effect: Fault, peers: 'all' | number[], more: Partial<FaultWork> = {}): FaultWork {
  return {
    id,
    device: 'eth0',
    direction: 'egress',
    effect,
    peers:
      peers === 'all'
        ? 'all'
        : { ipv4: peers.map((number) => `10.99.0.${String(number)}`), ipv6: peers.map((number) => `fd99::${String(number)}`) },
    excluded: [],
    dosePeers: {},
    exposure: [],
    ...more,
  };
}

export const delay = (delayMs: number): Fault => ({ type: 'delay', delayMs, jitterMs: 0, distribution: 'uniform' });
export const loss = (percent: number): Fault => ({ type: 'loss', percent, burst: 1 });

/** Prepares and commits for a minute. */
export async function start({ driver, namespace }: Pair, ...works: FaultWork[]): Promise<void> {
  for (const one of works) await driver.prepare(namespace, one);
  await driver.commitAll(
    namespace,
    works.map(({ id }) => ({ faultId: id, timeoutMs: 60_000 })),
  );
}

/** What tools print of a namespace; equal texts are an exact undo. */
export type Snapshot = { tc: string; nft: string; ip: string };

export async function snapshot(namespace: string): Promise<Snapshot> {
  const [tc, nft, ip] = await Promise.all([
    inside(namespace, ['tc', '-j', 'qdisc', 'show']),
    inside(namespace, ['nft', '-j', 'list', 'ruleset']),
    inside(namespace, ['ip', '-j', 'link', 'show']),
  ]);
  return { tc, nft, ip };
}

/** Byte for byte, except the counters and remaining times of rules and elements that others have. */
export function assertSame(found: Snapshot, expected: Snapshot): void {
  const withoutCounts = (text: string) => text.replace(/"(packets|bytes|expires)": ?\d+/g, '"$1": 0');
  for (const tool of ['tc', 'nft', 'ip'] as const) assert.equal(withoutCounts(found[tool]), withoutCounts(expected[tool]), tool);
}

export type PingOptions = { count: number; periodMs: number; timeoutMs?: number; bytes?: number };

/** Round-trip times by address, in milliseconds and in the order sent; undefined where no reply came. All addresses are pinged side by side. */
export async function ping(
  namespace: string,
  addresses: readonly string[],
  { count, periodMs, timeoutMs = 1000, bytes = 56 }: PingOptions,
): Promise<Record<string, (number | undefined)[]>> {
  const options = ['-q', '-C', String(count), '-p', String(periodMs), '-t', String(timeoutMs), '-i', '0.1', '-b', String(bytes)];
  // fping exits 1 when a host never answers; its numbers say so as well.
  const { stderr } = await runProgram('nsenter', [`--net=/run/netns/${namespace}`, '--', 'fping', ...options, ...addresses], {
    timeoutMs: 60_000,
  });
  const rows = stderr.split('\n').flatMap((line) => {
    const [address, times] = line.split(' : ').map((part) => part.trim());
    if (address === undefined || times === undefined) return [];
    return [[address, times.split(' ').map((time) => (time === '-' ? undefined : Number(time)))] as const];
  });
  return Object.fromEntries(rows);
}

/** Pings in rounds until it is told to end; for what must hold while something else happens, however long that takes. */
export function keepPinging(namespace: string, addresses: readonly string[], round: PingOptions = { count: 10, periodMs: 20 }) {
  const ending = new AbortController();
  const rounds = (async () => {
    const times: Record<string, (number | undefined)[]> = Object.fromEntries(addresses.map((address) => [address, []]));
    let count = 0;
    while (!ending.signal.aborted) {
      const found = await ping(namespace, addresses, round);
      for (const address of addresses) times[address]?.push(...(found[address] ?? []));
      count += round.count;
    }
    return { times, count };
  })();
  return {
    end: async () => {
      ending.abort();
      return await rounds;
    },
  };
}

/** When each of an address's pings was sent, in milliseconds since 1970, and its round-trip time; only those that were answered. */
export async function pingWithTimes(
  namespace: string,
  addresses: readonly string[],
  { count, periodMs }: PingOptions,
): Promise<{ address: string; sentAt: number; ms: number }[]> {
  const options = ['-D', '-C', String(count), '-p', String(periodMs), '-t', '1000', '-i', '0.1'];
  const { stdout } = await runProgram('nsenter', [`--net=/run/netns/${namespace}`, '--', 'fping', ...options, ...addresses], {
    timeoutMs: 60_000,
  });
  // [1700000000.12345] 10.99.0.2 : [0], 64 bytes, 0.50 ms (…), stamped when the reply came
  return [...stdout.matchAll(/^\[([\d.]+)\] (\S+)\s+: \[\d+\], \d+ bytes, ([\d.]+) ms/gm)].map(
    ([, stamp, address = '', time]) => ({
      address,
      sentAt: Number(stamp) * 1000 - Number(time),
      ms: Number(time),
    }),
  );
}

/** Both addresses of each peer. */
export const addressesOf = (...peers: number[]): string[] =>
  peers.flatMap((number) => [`10.99.0.${String(number)}`, `fd99::${String(number)}`]);
