/** Looks into a target's network namespace for preflight; changes nothing. */
import { readdir } from 'node:fs/promises';
import { type Clock, isForbidden, isMissing, isNoFolder, runProgram, SquallError } from '../lib/index.ts';
import {
  type DeviceFacts,
  type DeviceLook,
  namespaceFiles,
  type NamespaceLook,
  type PacketsMoved,
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
// Some filters cannot be shown as JSON, and some not at all, depending on tc's version: either way they cannot be read, and nothing else suffers.
const filtersScript = 'tc -j filter show dev "$1" ingress || echo unreadable';
/** The device is `$1`; starting a shell once costs less than starting each of these from here. */
const wholeScript = [
  filesScript,
  'ip -j -d address show || exit 101',
  'tc -j qdisc show || exit 102',
  `if ip link show dev "$1" > /dev/null 2>&1; then ${filtersScript}; fi`,
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
  const [files = '', links = '', qdiscs = '', filters = ''] = stdout.split(separator);
  const devices = readPrinted(links);
  const found = readDeviceLook(device, devices, readFilters(filters));
  return {
    namespace: readNamespaceLook(files),
    facts: {
      devices: devices.map(({ ifname }) => String(ifname)),
      roots: readPrinted(qdiscs)
        .filter(({ dev, root }) => dev === device && root === true)
        .map(({ kind, handle }) => ({ kind: String(kind), handle: String(handle) })),
    },
    ...(found === undefined ? {} : { device: found }),
  };
}

type Printed = Record<string, unknown>;

function readPrinted(text: string): Printed[] {
  return JSON.parse(text.trim() === '' ? '[]' : text) as Printed[];
}

function readFilters(text: string): Printed[] | undefined {
  try {
    return readPrinted(text);
  } catch {
    return undefined;
  }
}

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
  const options = { timeoutMs, killsGroup: true };
  const { code, stdout, stderr } = await runProgram('nsenter', [`--net=${path}`, '--', ...args], options);
  if (code === 0) return stdout;
  throw new SquallError('KernelRefused', `looking into ${path}: ${stderr.trim()}`);
}

/** Names that BPF programs of the node have pinned; undefined where they may not be seen. */
export async function readPins(root = '/proc/1/root/sys/fs/bpf'): Promise<string[] | undefined> {
  const names = await Promise.all(
    pinFolders.map(async (folder) =>
      readdir(`${root}/${folder}`).catch((error: unknown) => {
        if (isMissing(error) || isNoFolder(error)) return [];
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
  /** What a device has moved from the first look until now; undefined where there is no such device, or it is new. */
  packetsMoved: (podUid: string, device: string) => Promise<PacketsMoved | undefined>;
};

/** Read at some moment from `begun` to `ended`, in milliseconds of the monotonic clock. */
type Seen<T> = { look: T; begun: number; ended: number };

export function createLooks({ namespaces }: Pick<AgentContext, 'namespaces'>, clock: Clock): Looks {
  const limit = createLimiter(looksAtOnce);
  const see = async <T>(podUid: string, read: (path: string) => Promise<T>): Promise<Seen<T> | undefined> =>
    await limit(async () => {
      const found = await namespaces.find(podUid);
      if (found === undefined) return undefined;
      return await withNamespace(namespaces, { podUid, ...found }, async (path) => {
        const begun = clock.monotonic();
        const look = await read(path);
        return { look, begun, ended: clock.monotonic() };
      });
    });
  const targets = new Map<string, Promise<Seen<TargetLook> | undefined>>();
  const firstLooks = new Map<string, Promise<Seen<NamespaceLook> | undefined>>();
  const firstLook = async (podUid: string) => await once(firstLooks, podUid, async () => await see(podUid, readFiles));
  let node: ReturnType<Looks['node']> | undefined;
  return {
    target: async (podUid, device) => {
      const seen = once(
        targets,
        `${podUid} ${device}`,
        async () => await see(podUid, async (path) => await lookAt(path, device)),
      );
      void once(firstLooks, podUid, async () => {
        const target = await seen;
        return target && { ...target, look: target.look.namespace };
      });
      return (await seen)?.look;
    },
    namespace: async (podUid) => (await firstLook(podUid))?.look,
    node: async () => await (node ??= lookIntoNode()),
    packetsMoved: async (podUid, device) => {
      const before = await firstLook(podUid);
      if (before === undefined) return undefined;
      await clock.sleep(Math.max(0, before.ended + leastApartMs - clock.monotonic()));
      const now = await see(podUid, readFiles);
      const [then, later] = [before.look.packets[device], now?.look.packets[device]];
      if (now === undefined || then === undefined || later === undefined) return undefined;
      return {
        sent: later.sent - then.sent,
        received: later.received - then.received,
        sentByStack: now.look.sentByStack - before.look.sentByStack,
        // Counters are read somewhere within a look: a rate is rather too low than too high.
        seconds: (now.ended - before.begun) / 1000,
      };
    },
  };
}

/** Whoever asks first starts a look, and everybody who asks is told when it fails. Nobody may be waiting yet: that must not end the agent. */
function once<T>(looks: Map<string, Promise<T>>, key: string, look: () => Promise<T>): Promise<T> {
  const known = looks.get(key) ?? look();
  known.catch(() => undefined);
  looks.set(key, known);
  return known;
}
