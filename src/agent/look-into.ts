/** Looks into a target's network namespace for preflight; changes nothing. */
import { readdir } from 'node:fs/promises';
import { type Clock, isForbidden, isMissing, runProgram, SquallError } from '../lib/index.ts';
import {
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
/** The device is `$1`; starting a shell once costs less than starting two programs from here. */
const deviceScript = `ip -j -d address show || exit 101
printf '${separator}'
tc -j filter show dev "$1" ingress`;

type Namespaces = Pick<AgentContext, 'namespaces'>;

/** undefined where the pod has no network namespace on this node. */
async function lookIntoNamespace(context: Namespaces, podUid: string): Promise<NamespaceLook | undefined> {
  return await inNamespaceOf(context, podUid, readFiles);
}

/** undefined where the namespace or the device is missing. */
async function lookAtDeviceOf(context: Namespaces, podUid: string, device: string): Promise<DeviceLook | undefined> {
  return await inNamespaceOf(context, podUid, async (path) => {
    const args = [`--net=${path}`, '--', 'sh', '-c', deviceScript, 'sh', device];
    const { code, stdout, stderr } = await runProgram('nsenter', args, { timeoutMs });
    const [links = '', filters = ''] = stdout.split(separator);
    if (code === 0) return readDeviceLook(device, JSON.parse(links), JSON.parse(filters.trim() === '' ? '[]' : filters));
    if (stderr.includes('Cannot find device')) return undefined;
    throw new SquallError('KernelRefused', `looking at ${device}: ${stderr.trim()}`);
  });
}

/** Of the node's own namespace; undefined where it may not be entered. */
async function lookIntoNode(): Promise<NamespaceLook | undefined> {
  return await readFiles('/proc/1/ns/net').catch((error: unknown) => {
    if (error instanceof SquallError && error.code === 'KernelRefused') return undefined;
    throw error;
  });
}

async function readFiles(path: string): Promise<NamespaceLook> {
  // A kernel has not all of them: grep says so by its exit code, and prints the others.
  const args = [`--net=${path}`, '--', 'grep', '-s', '-H', '', ...Object.values(namespaceFiles)];
  const { stdout, stderr } = await runProgram('nsenter', args, { timeoutMs });
  if (stdout === '') throw new SquallError('KernelRefused', `reading /proc/net in ${path}: ${stderr.trim()}`);
  return readNamespaceLook(stdout);
}

async function inNamespaceOf<T>(
  { namespaces }: Namespaces,
  podUid: string,
  look: (path: string) => Promise<T>,
): Promise<T | undefined> {
  const found = await namespaces.find(podUid);
  return found === undefined ? undefined : await withNamespace(namespaces, { podUid, ...found }, look);
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

/** What one preflight has seen of its targets: each is looked into once, however many checks ask. */
export type Looks = {
  namespace: (podUid: string) => Promise<NamespaceLook | undefined>;
  node: () => Promise<NamespaceLook | undefined>;
  device: (podUid: string, device: string) => Promise<DeviceLook | undefined>;
  /** Packets a second that a device sends and receives, from the first look until now. */
  packetRate: (podUid: string, device: string) => Promise<{ sent: number; received: number }>;
};

export function createLooks(context: Namespaces, clock: Clock): Looks {
  const seen = new Map<string, Promise<{ look: NamespaceLook | undefined; at: number }>>();
  const limit = createLimiter(looksAtOnce);
  const lookNow = async (podUid: string) =>
    await limit(async () => ({ look: await lookIntoNamespace(context, podUid), at: clock.monotonic() }));
  const first = (podUid: string) => {
    const known = seen.get(podUid) ?? lookNow(podUid);
    seen.set(podUid, known);
    return known;
  };
  let node: ReturnType<Looks['node']> | undefined;
  return {
    namespace: async (podUid) => (await first(podUid)).look,
    node: async () => await (node ??= lookIntoNode()),
    device: async (podUid, device) => await limit(async () => await lookAtDeviceOf(context, podUid, device)),
    packetRate: async (podUid, device) => {
      const before = await first(podUid);
      await clock.sleep(Math.max(0, before.at + leastApartMs - clock.monotonic()));
      const now = await lookNow(podUid);
      const [then, later] = [before.look?.packets[device], now.look?.packets[device]];
      if (then === undefined || later === undefined) return { sent: 0, received: 0 };
      const seconds = (now.at - before.at) / 1000;
      return { sent: (later.sent - then.sent) / seconds, received: (later.received - then.received) / seconds };
    },
  };
}
