import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, statfs, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runProgram, SquallError } from '../../lib/index.ts';
import { withLock } from './lock.ts';
import { locate, neededSpace, unpackPackages } from './packages.ts';

/** The guest's parts, as absolute paths on this machine. */
export type GuestImage = {
  folder: string;
  kernelVersion: string;
  kernel: string;
  /** Holds VERSION/kernel/…; becomes the guest's /lib/modules. */
  modulesFolder: string;
  qemu: string;
  shareDaemon: string;
  /** A statically linked busybox, the only program in the initial ramdisk. */
  busybox: string;
  /** Links named modprobe, depmod and lsmod to kmod. */
  tools: string;
  /** LD_LIBRARY_PATH of the programs above. */
  libraryPath: string;
  /** Sizes in bytes at the time of making, to notice a damaged cache. */
  sizes: Record<string, number>;
};

/** Raised when the layout of the folder changes; other versions' folders are left alone. */
const layout = 'machine-1';
const toolNames = ['modprobe', 'depmod', 'lsmod'];

/** $SQUALL_GUEST_CACHE, else squall-guest in the person's cache folder. */
export function guestCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME ?? '';
  return env.SQUALL_GUEST_CACHE ?? join(base === '' ? join(homedir(), '.cache') : base, 'squall-guest');
}

/**
 * The guest's parts, made when they are missing or damaged: built aside and renamed when whole, by one process at a time.
 * @param onProgress told, in words, what takes long
 */
export async function ensureGuestImage(
  cache: string,
  onProgress: (text: string) => void,
  signal?: AbortSignal,
): Promise<GuestImage> {
  const folder = join(cache, layout);
  const existing = await findGuestImage(cache);
  if (existing !== undefined) return existing;
  refuseOtherArchitectures();
  await mkdir(cache, { recursive: true });
  return await withLock(
    join(cache, `${layout}.lock`),
    async () => {
      const meanwhile = await readImage(folder);
      if (meanwhile !== undefined) return meanwhile;
      await refuseLowSpace(cache);
      onProgress('fetching the guest machine (about 45 MB of Debian packages, once; nothing is installed)');
      await makeImage(cache, folder, signal);
      const made = await readImage(folder);
      if (made === undefined)
        throw new SquallError('GuestFailed', `the guest machine in ${folder} is damaged right after it was made`);
      return made;
    },
    signal,
  );
}

/** The guest's parts where they have been made before; changes nothing. */
export async function findGuestImage(cache: string): Promise<GuestImage | undefined> {
  return await readImage(join(cache, layout));
}

/** Undefined unless the folder holds a whole image: its record is there and the files it names have their sizes. */
async function readImage(folder: string): Promise<GuestImage | undefined> {
  try {
    const image = JSON.parse(await readFile(join(folder, 'image.json'), 'utf8')) as GuestImage;
    const sizes = await sizesOf(Object.keys(image.sizes));
    return Object.entries(image.sizes).every(([file, size]) => sizes[file] === size) ? image : undefined;
  } catch {
    return undefined; // Missing or unreadable: made anew.
  }
}

async function makeImage(cache: string, folder: string, signal?: AbortSignal): Promise<void> {
  for (const name of await readdir(cache)) {
    // What a killed process left half-made; the lock says that nobody works on it.
    if (name.startsWith(`${layout}.new-`)) await rm(join(cache, name), { recursive: true, force: true });
  }
  const fresh = await mkdtemp(join(cache, `${layout}.new-`));
  try {
    await unpackPackages(join(fresh, 'root'), join(fresh, 'work'), signal);
    await rm(join(fresh, 'work'), { recursive: true });
    const image = await describeImage(fresh);
    await runProgram(join(image.tools, 'depmod'), ['-b', join(fresh, 'root'), image.kernelVersion], {
      env: { LD_LIBRARY_PATH: image.libraryPath },
      timeoutMs: 120_000,
    }).then(({ code, stderr }) => {
      if (code !== 0) throw new SquallError('GuestFailed', `depmod failed on the guest's kernel modules: ${stderr.trim()}`);
    });
    await proveProgramsStart(image);
    const dependencies = join(image.modulesFolder, image.kernelVersion, 'modules.dep');
    image.sizes = await sizesOf([image.kernel, image.qemu, image.shareDaemon, image.busybox, dependencies]);
    await writeFile(join(fresh, 'image.json'), JSON.stringify(image, null, 2).replaceAll(fresh, folder));
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Finds the parts among the unpacked files; programs that are installed on this machine serve as well. */
async function describeImage(folder: string): Promise<GuestImage> {
  const root = join(folder, 'root');
  const find = async (what: string, ...paths: string[]) => {
    const file = await locate(root, paths);
    if (file === undefined)
      throw new SquallError('GuestFailed', `the Debian packages did not bring ${what} (${paths.join(' or ')})`);
    return file;
  };
  const modulesFolder = join(root, existsSync(join(root, 'lib/modules')) ? 'lib/modules' : 'usr/lib/modules');
  const kernelVersion = (await readdir(modulesFolder))[0] ?? '';
  const kmod = await find('kmod', 'bin/kmod', 'usr/bin/kmod');
  const tools = join(folder, 'tools');
  await mkdir(tools);
  for (const name of toolNames)
    await symlink(kmod.startsWith(folder) ? join('..', kmod.slice(folder.length)) : kmod, join(tools, name));
  return {
    folder,
    kernelVersion,
    kernel: await find('a kernel', `boot/vmlinuz-${kernelVersion}`),
    modulesFolder,
    qemu: await find('QEMU', 'usr/bin/qemu-system-x86_64'),
    shareDaemon: await find('virtiofsd', 'usr/lib/qemu/virtiofsd', 'usr/libexec/virtiofsd'),
    busybox: await find('busybox', 'bin/busybox', 'usr/bin/busybox'),
    tools,
    libraryPath: ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'].map((path) => join(root, path)).join(':'),
    sizes: {},
  };
}

/** A missing library shows here, with its name, rather than at the first boot. */
async function proveProgramsStart(image: GuestImage): Promise<void> {
  for (const program of [image.qemu, image.shareDaemon, join(image.tools, 'modprobe'), image.busybox]) {
    const args = program === image.busybox ? ['true'] : ['--version'];
    const { code, stderr } = await runProgram(program, args, { env: { LD_LIBRARY_PATH: image.libraryPath } });
    if (code !== 0) throw new SquallError('GuestFailed', `the unpacked program ${program} does not start: ${stderr.trim()}`);
  }
}

async function sizesOf(files: readonly string[]): Promise<Record<string, number>> {
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file, (await stat(file)).size] as const)));
}

function refuseOtherArchitectures(): void {
  if (process.arch === 'x64') return;
  throw new SquallError(
    'GuestFailed',
    `the guest machine is built for x86_64 and this machine is ${process.arch}; load netem into its own kernel (modprobe sch_netem) and use --guest never`,
  );
}

async function refuseLowSpace(cache: string): Promise<void> {
  const { bavail, bsize } = await statfs(cache);
  const free = bavail * bsize;
  if (free >= neededSpace) return;
  const megabytes = (bytes: number) => `${String(Math.floor(bytes / 1024 / 1024))} MB`;
  throw new SquallError(
    'GuestFailed',
    `${cache} has ${megabytes(free)} free and the guest machine needs ${megabytes(neededSpace)}; free some, or name another folder in SQUALL_GUEST_CACHE`,
  );
}
