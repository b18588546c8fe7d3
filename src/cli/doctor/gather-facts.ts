/** What `squall doctor` looks at. Everything is tried where trying leaves nothing behind, and only read elsewhere. */
import { constants, existsSync } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram, type Leftovers, listLeftovers, listNamespaces, readSystem, tryCapability } from '../../agent/index.ts';
import { codeOf, runProgram } from '../../lib/index.ts';
import { findGuestImage, guestCacheFolder } from '../../lab/index.ts';
import { type System, type TrialOutcome, capabilityTrials } from '../../preflight/index.ts';
import { connectToServe } from '../operate/connect.ts';
import { stateFiles } from '../state.ts';

export type Capability = keyof typeof capabilityTrials;

export type DoctorFacts = {
  userId: number;
  kernel: string;
  system: System;
  /** Program → where it is and what it says of its version; undefined where it is not installed. */
  tools: Record<string, { path: string; version: string } | undefined>;
  /** Absent where they could not be tried: that needs root. */
  capabilities?: Record<Capability, TrialOutcome>;
  guest: {
    /** This is the guest already. */
    inside: boolean;
    architecture: string;
    folder: string;
    /** Of the kernel in the cache; absent when the image has to be fetched yet. */
    kernel?: string;
    freeBytes: number;
    /** /dev/kvm can be opened; whether it boots a kernel is tried by the first start. */
    kvm: boolean;
  };
  state: { folder: string; exists: boolean; writable: boolean; freeBytes: number; locked: boolean };
  serve: 'answers' | 'none' | 'silent';
  /** Of the collector: what the kernel gives at most, absent where it does not say, and whether a lab can have a switch that exports. */
  sflow: { mostReceiveBufferBytes?: number; openVswitch: boolean };
  /** Absent as `capabilities`. */
  leftovers?: Leftovers;
};

/** Programs that a run starts. */
const tools = ['ip', 'tc', 'nft', 'nsenter', 'unshare', 'setpriv', 'fping'];

export async function gatherDoctorFacts(stateFolder: string, env: NodeJS.ProcessEnv = process.env): Promise<DoctorFacts> {
  const userId = process.getuid?.() ?? -1;
  const cache = guestCacheFolder(env);
  const image = await findGuestImage(cache);
  const facts: DoctorFacts = {
    userId,
    kernel: release(),
    system: await readSystem(),
    tools: Object.fromEntries(await Promise.all(tools.map(async (name) => [name, await lookAtTool(name)] as const))),
    guest: {
      inside: env.SQUALL_GUEST === '1',
      architecture: process.arch,
      folder: cache,
      ...(image === undefined ? {} : { kernel: image.kernelVersion }),
      freeBytes: await freeBytes(nearestFolder(cache)),
      kvm: await allows('/dev/kvm', constants.R_OK | constants.W_OK),
    },
    state: {
      folder: stateFolder,
      exists: existsSync(stateFolder),
      writable: await allows(nearestFolder(stateFolder), constants.W_OK),
      freeBytes: await freeBytes(nearestFolder(stateFolder)),
      locked: await isLocked(join(stateFolder, 'lock')),
    },
    serve: await askServe(stateFolder),
    sflow: await lookAtSflow(),
  };
  if (userId !== 0) return facts;
  return { ...facts, capabilities: await tryCapabilities(), leftovers: await listLeftovers(await listNamespaces()) };
}

async function lookAtTool(name: string): Promise<{ path: string; version: string } | undefined> {
  const path = await findProgram(name);
  if (path === undefined) return undefined;
  const args = name === 'ip' || name === 'tc' ? ['-V'] : ['--version'];
  const { stdout, stderr } = await runProgram(path, args, { timeoutMs: 10_000 });
  return { path, version: (stdout.trim() || stderr.trim()).split('\n')[0] ?? '' };
}

async function lookAtSflow(): Promise<DoctorFacts['sflow']> {
  const openVswitch = (await findProgram('ovs-vswitchd')) !== undefined;
  const most = Number(await readFile('/proc/sys/net/core/rmem_max', 'utf8').catch(() => 'unknown'));
  return { openVswitch, ...(Number.isInteger(most) ? { mostReceiveBufferBytes: most } : {}) };
}

/** Never as remembered: whoever asks has perhaps just changed something. */
async function tryCapabilities(): Promise<Record<Capability, TrialOutcome>> {
  const names = Object.keys(capabilityTrials) as Capability[];
  const tried = names.map(async (name): Promise<[Capability, TrialOutcome]> => {
    try {
      return [name, await tryCapability(name)];
    } catch (error) {
      if (codeOf(error) !== 'ToolMissing') throw error;
      return [name, { ok: false, message: 'the program unshare is not installed' }];
    }
  });
  return Object.fromEntries(await Promise.all(tried)) as Record<Capability, TrialOutcome>;
}

/** The folder itself, or what it would be made in. */
function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(dirname(folder));
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function allows(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}

/** Only read: taking the lock for a moment to see whether it is free would refuse a squall that starts in that moment. */
async function isLocked(file: string): Promise<boolean> {
  const facts = await stat(file).catch(() => undefined);
  if (facts === undefined) return false;
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  return locks.split('\n').some((line) => line.includes(' WRITE ') && line.includes(`:${String(facts.ino)} `));
}

async function askServe(stateFolder: string): Promise<DoctorFacts['serve']> {
  if (!existsSync(stateFiles(stateFolder).socket)) return 'none';
  try {
    (await connectToServe(stateFolder)).close();
    return 'answers';
  } catch {
    return 'silent';
  }
}
