/** Real programs, in a folder for `PATH`, of which one can be taken away or made to fail at its n-th call. */
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../../kernel/namespaces.ts';

export const kernelPrograms = ['tc', 'nft', 'ip'] as const;
export type KernelProgram = (typeof kernelPrograms)[number];

/** What a call that fails has done before: nothing, the first half of its lines, or all that it was asked for. */
export const failures = ['nothing', 'half', 'all'] as const;
export type Failure = { program: KernelProgram; after: (typeof failures)[number]; call: number; andLater: boolean };

export type BrokenPrograms = {
  /** For `PATH`: nothing else is found. */
  path: string;
  take(program: KernelProgram): Promise<void>;
  putBack(program: KernelProgram): Promise<void>;
  /** Counted from now on. */
  failAt(failure: Failure): Promise<void>;
  /** How many calls the program that was to fail was asked for since. */
  calls(): Promise<number>;
  dispose(): Promise<void>;
};

/** What a driver and an agent start beside those. */
const others = ['sh', 'cat', 'grep', 'head', 'nsenter', 'setpriv', 'unshare', 'fping', 'true'];

/** A tree or a device takes its lines one after the other; of nft's transaction there is no half. */
const failing = (real: string, folder: string, { after, call, andLater }: Failure): string => `#!/bin/sh
read -r n < ${folder}/calls; n=$((n + 1)); echo $n > ${folder}/calls
if [ $n -${andLater ? 'lt' : 'ne'} ${String(call)} ]; then exec ${real} "$@"; fi
case "${after}:$*" in
nothing:*) ;;
half:*-batch*) cat > ${folder}/lines; head -n $(($(grep -c '' ${folder}/lines) / 2)) ${folder}/lines | ${real} "$@" > /dev/null ;;
*) ${real} "$@" > /dev/null ;;
esac
echo 'broken on purpose' >&2
exit 1
`;

export async function createBrokenPrograms(): Promise<BrokenPrograms> {
  const folder = await mkdtemp(join(tmpdir(), 'squall-broken-programs-'));
  const realOf = async (name: string) => (await command('sh', ['-c', 'command -v "$0"', name])).trim();
  const link = async (name: string) => {
    await rm(join(folder, name), { force: true });
    await symlink(await realOf(name), join(folder, name));
  };
  for (const name of [...kernelPrograms, ...others]) await link(name);
  return {
    path: folder,
    take: async (program) => {
      await rm(join(folder, program));
    },
    putBack: link,
    failAt: async (failure) => {
      const file = join(folder, failure.program);
      await writeFile(join(folder, 'calls'), '0\n');
      const script = failing(await realOf(failure.program), folder, failure);
      await rm(file);
      await writeFile(file, script);
      await chmod(file, 0o755);
    },
    calls: async () => Number(await readFile(join(folder, 'calls'), 'utf8')),
    dispose: async () => {
      await rm(folder, { recursive: true });
    },
  };
}
