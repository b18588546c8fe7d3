import type { Logger } from 'pino';
import { formatProblem, type Problem } from '../../api/index.ts';
import { type Clock, codeOf, messageOf } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { applyOperations, type Failure, listFollowed } from './apply-operations.ts';
import { decideOperations, keyOf, type Operation } from './decide-operations.ts';
import { storeFolderReport } from './folder-report.ts';
import { createFolderReader, type FolderContents, type FolderFile } from './read-folder.ts';

export type FollowOptions = {
  folder: string;
  store: Store;
  clock: Clock;
  log: Logger;
  /** Told once the folder was brought into the store for the first time. */
  onLoaded: () => void;
  /** Told how many problems there are whenever they have changed. */
  onProblems?: (count: number) => void;
  signal: AbortSignal;
};

const lookEveryMs = 1000;
/** The store is compared with the folder so often even when no file has changed: a full disk may have kept it from being done. */
const compareEveryMs = 30_000;

/** Keeps the store in line with the folder until the signal fires: look at the files, decide, apply. Never rejects. */
export async function followFolder({ folder, store, clock, log, onLoaded, onProblems, signal }: FollowOptions): Promise<void> {
  const reader = createFolderReader(folder);
  let compared: { files: readonly FolderFile[]; at: number } | undefined;
  let told: string | undefined;
  let loaded = false;
  let trouble: string | undefined;

  async function bringInLine({ files, problems: ofFolder }: CompleteContents): Promise<boolean> {
    const { operations, problems } = decideOperations(files, await listFollowed(store));
    const failures = await applyOperations(store, operations);
    const failed = new Set(failures.map(({ operation }) => operation));
    for (const operation of operations) if (!failed.has(operation)) log.info(describe(operation));
    await tell([...ofFolder, ...problems, ...failures.map(problemOf)]);
    return failures.length === 0;
  }

  async function tell(problems: readonly Problem[]): Promise<void> {
    const text = JSON.stringify(problems);
    if (text === told) return;
    onProblems?.(problems.length);
    for (const problem of problems) log.error(formatProblem(problem));
    if (problems.length === 0 && told !== undefined) log.info('every file of the folder is good');
    await storeFolderReport(store, folder, problems);
    told = text;
  }

  async function round(): Promise<void> {
    const contents = await reader.look(clock.now(), clock.monotonic());
    for (const warning of contents.warnings) log.warn(formatProblem(warning, 'warning'));
    if (!isComplete(contents)) {
      await tell(contents.problems);
      return;
    }
    const { files } = contents;
    if (compared && areSame(compared.files, files) && clock.monotonic() - compared.at < compareEveryMs) return;
    compared = undefined;
    if (await bringInLine(contents)) compared = { files, at: clock.monotonic() };
    if (!loaded && files.every(({ state }) => state !== 'unsettled')) {
      loaded = true;
      onLoaded();
    }
  }

  while (!signal.aborted) {
    try {
      await round();
      if (trouble !== undefined) log.info('the folder can be brought into the store again');
      trouble = undefined;
    } catch (error) {
      const message = messageOf(error);
      if (message !== trouble) log.error({ code: codeOf(error) }, `the folder waits to be brought into the store: ${message}`);
      trouble = message;
    }
    await clock.sleep(lookEveryMs, signal).catch(() => undefined);
  }
}

type CompleteContents = FolderContents & { files: NonNullable<FolderContents['files']> };

function isComplete(contents: FolderContents): contents is CompleteContents {
  return contents.files !== undefined;
}

/** What was read of a file stays the same object until the file changes. */
function areSame(before: readonly FolderFile[], now: readonly FolderFile[]): boolean {
  return before.length === now.length && now.every((file, index) => file === before[index]);
}

const done = { create: 'created', update: 'updated', replace: 'replaced', delete: 'deleted' } as const;

function describe(operation: Operation): string {
  const key = keyOf(operation.type === 'delete' ? operation.stored : operation.object);
  const use = key.startsWith('NetworkTrafficShaper') || key.startsWith('NetworkConnectivityTest');
  const note = use && operation.type === 'create' ? '; it is there to be referred to, and not applied by itself' : '';
  return `${done[operation.type]} ${key}${note}`;
}

function problemOf({ operation, message }: Failure): Problem {
  const object = operation.type === 'delete' ? operation.stored : operation.object;
  return { file: keyOf(object), line: 0, path: '', value: operation.type, message, code: 'InvalidInput' };
}
