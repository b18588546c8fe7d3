/** Programs that note that they were started, with what, and print what a test wants; nothing touches the kernel. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PodNamespaces } from '../../../src/agent/index.ts';
import type { Namespace } from '../../../src/agent/kernel-driver.ts';
import { createPrograms, type Programs } from '../../../src/agent/kernel/programs.ts';
import { createLimiter } from '../../../src/agent/limiter.ts';

export type FakePrograms = {
  folder: string;
  /** For `PATH`: the fakes are found first. */
  path: string;
  programs: Programs;
  namespaces: PodNamespaces;
  namespace: Namespace;
  /** What the program prints at its calls, one after the other; the last answer stays. */
  answer(program: 'tc' | 'nft' | 'ip', ...texts: string[]): Promise<void>;
  /** The program fails, with this complaint, at every call with these words in its arguments or its input. */
  fail(program: 'tc' | 'nft' | 'ip', words: string, complaint?: string): Promise<void>;
  /** Every program that was started, in order. `nsenter` stands for one that the agent itself has started. */
  started(): Promise<string[]>;
  dispose(): Promise<void>;
};

/** Notes arguments and standard input (of those that are told to read it), then answers. */
const kernelProgram = (name: string): string => `#!/bin/sh
cd "$FAKES"
case "$*" in *-) input=": $(tr '\\n' ';')";; *) input=;; esac
echo "${name} $*$input" >> started
if [ -e ${name}.fails ] && echo "$* $input" | grep -qF -- "$(cat ${name}.fails)"; then cat ${name}.complaint >&2; exit 1; fi
if [ -e ${name}.lasts ]; then sleep 0.3; echo '${name} has ended' >> started; fi
case "$*" in '-f -') exit;; esac
n=$(($(cat ${name}.calls 2>/dev/null || echo 0) + 1))
echo $n > ${name}.calls
while [ $n -gt 1 ] && ! [ -e ${name}.$n ]; do n=$((n - 1)); done
if [ -e ${name}.$n ]; then cat ${name}.$n; fi
`;
const scripts: Record<string, string> = {
  setpriv: '#!/bin/sh\necho setpriv >> "$FAKES/started"\nexec /usr/bin/setpriv "$@"\n',
  nsenter: '#!/bin/sh\necho nsenter >> "$FAKES/started"\nshift 2\nexec "$@"\n',
  tc: kernelProgram('tc'),
  nft: kernelProgram('nft'),
  ip: kernelProgram('ip'),
};

export async function createFakePrograms(): Promise<FakePrograms> {
  const folder = await mkdtemp(join(tmpdir(), 'squall-fake-programs-'));
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(folder, name), script);
    await chmod(join(folder, name), 0o755);
  }
  await writeFile(join(folder, 'started'), '');
  const path = `${folder}:${process.env.PATH ?? ''}`;
  const namespace = { podUid: 'pod', path: folder, inode: (await stat(folder)).ino };
  const namespaces: PodNamespaces = {
    find: () => Promise.resolve(undefined),
    pathOf: (asked) => Promise.resolve(asked.path),
    list: () => Promise.resolve([]),
  };
  const before = process.env.PATH;
  Object.assign(process.env, { PATH: path, FAKES: folder });
  const programs = createPrograms(createLimiter(2), namespaces);
  process.env.PATH = before;
  delete process.env.FAKES;
  return {
    folder,
    path,
    programs,
    namespaces,
    namespace,
    answer: async (program, ...texts) => {
      for (const [index, text] of texts.entries()) await writeFile(join(folder, `${program}.${String(index + 1)}`), text);
    },
    fail: async (program, words, complaint = 'No.') => {
      await writeFile(join(folder, `${program}.complaint`), complaint);
      await writeFile(join(folder, `${program}.fails`), words);
    },
    started: async () => (await readFile(join(folder, 'started'), 'utf8')).split('\n').filter((line) => line !== ''),
    dispose: async () => {
      await rm(folder, { recursive: true });
    },
  };
}
