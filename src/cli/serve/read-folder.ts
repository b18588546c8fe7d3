import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, notImplementedYet, type Problem } from '../../api/index.ts';
import { isMissing, messageOf } from '../../lib/index.ts';
import { readCheckedManifests } from '../read-manifests.ts';

/** What is known of one file: its manifests, or why they are not known. Names are relative to the folder. */
export type FolderFile =
  | { name: string; state: 'good'; manifests: Manifest[] }
  | { name: string; state: 'bad'; problems: Problem[] }
  /** Still being written, and never read before. */
  | { name: string; state: 'unsettled' };

/** What is in a folder, in the order of names; undefined when the folder itself cannot be read. */
export type FolderContents = { files: FolderFile[] | undefined; problems: Problem[]; warnings: Problem[] };

type Known = { fingerprint: string; seenAt: number; read?: FolderFile; warnings: Problem[]; isMissing?: true };

/** Beyond so many, files are reported and not read. */
const mostFiles = 1000;
const settledMs = 1000;

export type FolderReader = {
  /**
   * Looks at the folder; reads the files that have changed and are whole. Never throws. `warnings` are those of files that were
   * read just now.
   * @param now milliseconds since 1970, the clock of the files' times
   * @param monotonic milliseconds that never jump
   */
  look(now: number, monotonic: number): Promise<FolderContents>;
};

/**
 * Reads manifests of a folder, without its subfolders and hidden files. A file is read when its size and time have been the same
 * for a second, so that one which is being written is not taken for whole.
 */
export function createFolderReader(folder: string): FolderReader {
  let known = new Map<string, Known>();

  async function lookAt(name: string, now: number, monotonic: number): Promise<Known | undefined> {
    const path = join(folder, name);
    const before = known.get(name);
    const facts = await stat(path).catch((error: unknown) => (isMissing(error) ? undefined : before));
    // Whoever saves a file may take it away for an instant, and a disk may fail to answer: one look without it is no deletion.
    if (facts !== undefined && 'fingerprint' in facts) return facts;
    if (facts?.isFile() !== true)
      return before === undefined || before.isMissing ? undefined : { ...before, warnings: [], isMissing: true };
    const fingerprint = `${String(facts.ino)} ${String(facts.size)} ${String(facts.mtimeMs)}`;
    const same = before?.fingerprint === fingerprint;
    if (same && before.read !== undefined && before.seenAt === readAlready)
      return before.isMissing ? { ...before, isMissing: undefined } : before;
    const seenAt = same ? before.seenAt : monotonic;
    const settled = now - facts.mtimeMs >= settledMs || monotonic - seenAt >= settledMs;
    // Until a changed file has settled, what was read of it before stands.
    if (!settled) return { fingerprint, seenAt, read: before?.read, warnings: [] };
    return { fingerprint, seenAt: readAlready, ...(await readFile(name, path, now)) };
  }

  return {
    async look(now, monotonic) {
      let names: string[];
      try {
        names = (await readdir(folder)).filter(isManifestName).sort();
      } catch (error) {
        return { files: undefined, problems: [unreadableFolder(folder, error)], warnings: [] };
      }
      const next = new Map<string, Known>();
      // One that is known stays known, however many come before it by name.
      const looked = names.filter((name, index) => index < mostFiles || known.has(name));
      for (const name of new Set([...looked, ...known.keys()])) {
        const file = await lookAt(name, now, monotonic);
        if (file !== undefined) next.set(name, file);
      }
      const warnings = [...next].flatMap(([name, file]) => (known.get(name) === file ? [] : file.warnings));
      known = next;
      return {
        files: [...known]
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([name, { read }]) => read ?? { name, state: 'unsettled' }),
        problems: names.length > mostFiles ? [tooManyFiles(folder, names.length)] : [],
        warnings,
      };
    },
  };
}

/** Instead of a time: the file was read as it is. */
const readAlready = -1;

function isManifestName(name: string): boolean {
  return !name.startsWith('.') && /\.(yaml|yml|json)$/.test(name);
}

async function readFile(name: string, path: string, now: number): Promise<{ read: FolderFile; warnings: Problem[] }> {
  const { manifests, warnings, errors } = await readCheckedManifests([path], now);
  const problems = [...errors, ...manifests.flatMap(notImplementedYet)];
  const read: FolderFile = problems.length > 0 ? { name, state: 'bad', problems } : { name, state: 'good', manifests };
  return { read, warnings };
}

function unreadableFolder(folder: string, error: unknown): Problem {
  const message = `cannot be read (${messageOf(error)}); expected a folder of manifests. What came from it before stays`;
  return { file: folder, line: 0, path: '', value: 'nothing', message, code: 'InvalidInput' };
}

function tooManyFiles(folder: string, count: number): Problem {
  const message = `only the first ${String(mostFiles)} files by name are read; put several manifests into one file`;
  return { file: folder, line: 0, path: '', value: `${String(count)} files`, message, code: 'InvalidInput' };
}
