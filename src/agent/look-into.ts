/** Looks into a target's network namespace for preflight; changes nothing. */
import { readdir } from 'node:fs/promises';
import { type Clock, isForbidden, isMissing, runProgram, SquallError } from '../lib/index.ts';
import {
  type DeviceFacts,
  type DeviceLook,
  namespaceFiles,
  type NamespaceLook,
  pinFolders,
  readDeviceLook,
  readNamespaceLook,
} from '../preflight/index.ts';
import type { AgentContext } from './context.ts';
import { createLimiter } from './limiter.ts';
import { withNamespace } from './kernel/namespace.ts';

const timeoutMs = 10_000;
const separator = '\x1e';
// A kernel has not all of the files: grep says so by its exit code, and prints the others.
const filesScript = `grep -s -H '' ${Object.values(namespaceFiles).join(' ')}`;
/** The device is `$1`; starting a shell once costs less than starting each of these from here. */
const wholeScript = [
  filesScript,
  'ip -j -d address show || exit 101',
  'tc -j qdisc show || exit 102',
  'if ip link show dev "$1" > /dev/null 2>&1; then tc -j filter show dev "$1" ingress || exit 103; fi',
].join(`\nprintf '${separator}'\n`);

export type TargetLook = {
  namespace: NamespaceLook;
  /** All devices there, and the root queueing disciplines of the one that was asked for. */
  facts: DeviceFacts;
  /** Absent where there is no such device. */
  device?: DeviceLook;
};

async function lookAt(path: string, device: string): Promise<TargetLook> {
  const stdout = await runInNamespace(path, ['sh', '-c', wholeScript, 'sh', device]);
  const [files = '', ...printed] = stdout.split(separator);
  const [links = [], qdiscs = [], filters = []] = printed.map(
    (text) => JSON.parse(text.trim() === '' ? '[]' : text) as Printed[],
  );
  const found = readDeviceLook(device, links, filters);
  return {
    namespace: readNamespaceLook(files),
    facts: {
      devices: links.map(({ ifname }) => String(ifname)),
      roots: qdiscs
        .filter(({ dev, root }) => dev === device && root === true)
        .map(({ kind, handle }) => ({ kind: String(kind), handle: String(handle) })),
    },
    ...(found === undefined ? {} : { device: found }),
  };
}

type Printed = Record<string, unknown>;

async function readFiles(path: string): Promise<NamespaceLook> {
  return readNamespaceLook(await runInNamespace(path, ['sh', '-c', `${filesScript} || true`]));
}

/** Of the node's own namespace; undefined where it may not be entered. */
async function lookIntoNode(): Promise<NamespaceLook | undefined> {
  return await readFiles('/proc/1/ns/net').catch((error: unknown) => {
    if (error instanceof SquallError && error.code === 'KernelRefused') return undefined;
    throw error;
  });
}

async function runInNamespace(path: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram('nsenter', [`--net=${path}`, '--', ...args], { timeoutMs });
  if (code === 0) return stdout;
  throw new SquallError('KernelRefused', `looking into ${path}: ${stderr.trim()}`);
}

/** Names that BPF programs of the node have pinned; undefined where they may not be seen. */
export async function readPins(root = '/proc/1/root/sys/fs/bpf'): Promise<string[] | undefined> {
  const names = await Promise.all(
    pinFolders.map(async (folder) =>
      readdir(`${root}/${folder}`).catch((error: unknown) => {
        if (isMissing(error)) return [];
        if (isForbidden(error)) return undefined;
        throw error;
      }),
    ),
  );
  return names.includes(undefined) ? undefined : names.flatMap((some) => some ?? []);
}

/** Two readings of counters are at least so far apart; a rate of thousands of packets shows in it. */
const leastApartMs = 30;

/** So many targets are looked into at once: each starts a program. */
const looksAtOnce = 4;

/** What one preflight has seen of its targets: each is looked into once, however many checks ask. undefined where it has no namespace here. */
export type Looks = {
  target: (podUid: string, device: string) => Promise<TargetLook | undefined>;
  namespace: (podUid: string) => Promise<NamespaceLook | undefined>;
  node: () => Promise<NamespaceLook | undefined>;
  /** Packets a second that a device sends and receives, from the first look until now. */
  packetRate: (podUid: string, device: string) => Promise<{ sent: number; received: number }>;
};

type Seen = { look: NamespaceLook | undefined; at: number };

export function createLooks({ namespaces }: Pick<AgentContext, 'namespaces'>, clock: Clock): Looks {
  const limit = createLimiter(looksAtOnce);
  const inNamespaceOf = async <T>(podUid: string, look: (path: string) => Promise<T>): Promise<T | undefined> =>
    await limit(async () => {
      const found = await namespaces.find(podUid);
      return found === undefined ? undefined : await withNamespace(namespaces, { podUid, ...found }, look);
    });
  const seenAt = (look: NamespaceLook | undefined): Seen => ({ look, at: clock.monotonic() });
  const firstLooks = new Map<string, Promise<Seen>>();
  const targets = new Map<string, Promise<TargetLook | undefined>>();
  const lookNow = async (podUid: string): Promise<Seen> => seenAt(await inNamespaceOf(podUid, readFiles));
  const firstLook = (podUid: string, look: () => Promise<Seen>): Promise<Seen> => {
    const known = firstLooks.get(podUid) ?? look();
    firstLooks.set(podUid, known);
    return known;
  };
  let node: ReturnType<Looks['node']> | undefined;
  return {
    target: async (podUid, device) => {
      const key = `${podUid} ${device}`;
      const known = targets.get(key) ?? inNamespaceOf(podUid, async (path) => await lookAt(path, device));
      targets.set(key, known);
      await firstLook(podUid, async () => seenAt((await known)?.namespace));
      return await known;
    },
    namespace: async (podUid) => (await firstLook(podUid, async () => await lookNow(podUid))).look,
    node: async () => await (node ??= lookIntoNode()),
    packetRate: async (podUid, device) => {
      const before = await firstLook(podUid, async () => await lookNow(podUid));
      await clock.sleep(Math.max(0, before.at + leastApartMs - clock.monotonic()));
      const now = await lookNow(podUid);
      const [then, later] = [before.look?.packets[device], now.look?.packets[device]];
      if (then === undefined || later === undefined) return { sent: 0, received: 0 };
      const seconds = (now.at - before.at) / 1000;
      return { sent: (later.sent - then.sent) / seconds, received: (later.received - then.received) / seconds };
    },
  };
}
