/**
 * What a kernel was seen to be able to do is remembered, and what it was not is tried again soon: somebody may load a module at any moment.
 * A yes may be wrong once a program was exchanged, a module was unloaded and may not be loaded again, or this process may do less. So it
 * counts only as long as boot, kernel, loaded modules, programs and rights are those that it was seen with. It is kept in a file as well: an
 * agent that runs one experiment only would never find anything remembered.
 */
import { createHash } from 'node:crypto';
import { readFile, readlink, rename, stat, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import type { Capability } from '../api/index.ts';
import type { Clock } from '../lib/index.ts';
import type { TrialOutcome } from '../preflight/index.ts';
import { findProgram } from './find-file.ts';
import { readBootId } from './kernel/ledger.ts';

export type TryCapability = (capability: Capability) => Promise<TrialOutcome>;

/** A missing capability is tried again after so long. */
const missingLastsMs = 10_000;
/** One preflight asks for many capabilities: so long nobody looks whether anything has changed. */
const circumstancesLastMs = 1000;

/** What the kept answers were found with, and the capabilities that were there. */
type Memory = { version: 1; circumstances: string; able: Capability[] };

export type CapabilityCacheOptions = {
  /** Where the memory is kept; it may be deleted at any time. */
  file: string;
  clock: Pick<Clock, 'monotonic'>;
  tryCapability: TryCapability;
  /** A text that is another one when an answer may be. @default of this node */
  readCircumstances?: () => Promise<string>;
};

/** Tries what is not remembered. Rejects as the trial does, and remembers nothing of that. */
export function createCapabilityCache(options: CapabilityCacheOptions): TryCapability {
  const { file, clock, tryCapability, readCircumstances = circumstancesOfNode } = options;
  let memory: Promise<Memory> | undefined;
  let isFreshUntil = -Infinity;
  let written = Promise.resolve();
  const missing = new Map<Capability, { outcome: TrialOutcome; until: number }>();
  const recall = async (): Promise<Memory> => {
    const [circumstances, known] = await Promise.all([readCircumstances(), memory ?? readMemory(file)]);
    if (known?.circumstances === circumstances) return known;
    missing.clear();
    return { version: 1, circumstances, able: [] };
  };
  return async (capability) => {
    if (memory === undefined || clock.monotonic() >= isFreshUntil) {
      memory = recall();
      memory.catch(() => (memory = undefined));
      isFreshUntil = clock.monotonic() + circumstancesLastMs;
    }
    const known = await memory;
    if (known.able.includes(capability)) return { ok: true, message: '' };
    const failed = missing.get(capability);
    if (failed !== undefined && clock.monotonic() < failed.until) return failed.outcome;
    const outcome = await tryCapability(capability);
    if (outcome.ok) {
      known.able = [...new Set([...known.able, capability])];
      written = written.then(async () => {
        await writeMemory(file, known);
      });
      await written;
    } else {
      missing.set(capability, { outcome, until: clock.monotonic() + missingLastsMs });
    }
    return outcome;
  };
}

/** Boot, kernel, loaded modules, what this process may do, and which files the programs are that trials start. */
async function circumstancesOfNode(): Promise<string> {
  const [boot, rights, modules, ...programs] = await Promise.all([
    readBootId(),
    rightsOfProcess(),
    // A kernel without loadable modules has no such file.
    readFile('/proc/modules', 'utf8').catch(() => ''),
    ...['unshare', 'tc', 'ip', 'nft'].map(identityOfProgram),
  ]);
  const names = modules.split('\n').map((line) => line.slice(0, line.indexOf(' ')));
  const digest = createHash('sha256').update(names.sort().join('\n')).digest('hex').slice(0, 16);
  return [boot, release(), digest, rights, ...programs].join(' ');
}

/** Capabilities count in a user namespace only. Of a seccomp profile no more is told than whether there is one, and of how many filters. */
async function rightsOfProcess(): Promise<string> {
  const [status, userNamespace, label] = await Promise.all([
    readFile('/proc/self/status', 'utf8'),
    readlink('/proc/self/ns/user'),
    // Without a security module that has labels (SELinux, AppArmor) this cannot be read.
    readFile('/proc/self/attr/current', 'utf8').catch(() => ''),
  ]);
  const lines = status.match(/^(CapEff|NoNewPrivs|Seccomp|Seccomp_filters):.*$/gm) ?? [];
  return [...lines, userNamespace, label].join(' ').replaceAll(/[\s\0]+/g, ' ');
}

async function identityOfProgram(name: string): Promise<string> {
  const path = await findProgram(name);
  if (path === undefined) return `${name}:none`;
  const { dev, ino, size, mtimeMs } = await stat(path);
  return [path, dev, ino, size, mtimeMs].join(':');
}

/** Undefined where there is none, or none that can be read: then everything is tried. */
async function readMemory(file: string): Promise<Memory | undefined> {
  try {
    const memory = JSON.parse(await readFile(file, 'utf8')) as Partial<Memory>;
    return memory.version === 1 && Array.isArray(memory.able) ? (memory as Memory) : undefined;
  } catch {
    return undefined;
  }
}

/** Best effort: what could not be written is tried again by the next agent. */
async function writeMemory(file: string, memory: Memory): Promise<void> {
  const half = `${file}.new`;
  await writeFile(half, JSON.stringify(memory), { mode: 0o600 })
    .then(async () => {
      await rename(half, file);
    })
    .catch(() => undefined);
}
