import { access, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProgramResult, runProgram, SquallError } from '../../lib/index.ts';

const kernelPackage = 'linux-image-cloud-amd64';
/** Bytes: 45 MB of packages, 190 MB unpacked, and room to work. */
export const neededSpace = 400 * 1024 * 1024;

type Apt = (program: 'apt-get' | 'apt-cache', args: readonly string[], cwd?: string) => Promise<ProgramResult>;

/**
 * Downloads what the guest is made of with the machine's own apt and unpacks it into `root`; nothing is installed. What is
 * installed on this machine already, libraries above all, is not downloaded again: the guest's programs use it from here.
 * @param work a folder for the downloads and, where apt's own lists are missing or stale, for fresh lists
 */
export async function unpackPackages(root: string, work: string, signal?: AbortSignal): Promise<void> {
  await unpackDownloaded(root, work, download, signal);
}

/** @param download puts .deb files into the folder `archives`; tried once more with fresh lists when it fails */
export async function unpackDownloaded(
  root: string,
  work: string,
  download: (apt: Apt, archives: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const archives = join(work, 'archives');
  const lists = join(work, 'lists');
  await mkdir(join(archives, 'partial'), { recursive: true });
  await mkdir(root, { recursive: true });
  try {
    await download(aptWith([], signal), archives);
  } catch (error) {
    if (error instanceof SquallError && error.code === 'ToolMissing') throw withoutApt(error);
    // No lists, or lists older than the archive: fetch lists of our own and try once more, leaving the machine's alone.
    await mkdir(join(lists, 'partial'), { recursive: true });
    const apt = aptWith(['-o', `Dir::State::lists=${lists}`], signal);
    must(await apt('apt-get', ['update', '-q']), 'apt-get update');
    await download(apt, archives);
  }
  const packages = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
  for (const name of packages) {
    must(
      await runProgram('dpkg-deb', ['--extract', join(archives, name), root], { signal, timeoutMs: 120_000 }),
      `unpacking ${name}`,
    );
  }
}

/** What the guest is made of. */
async function download(apt: Apt, archives: string): Promise<void> {
  const names = ['qemu-system-x86', 'busybox-static', 'kmod', ...(await separateShareDaemon(apt))];
  const kernel = await kernelOf(apt);
  const fetched = await apt('apt-get', [
    ...['install', '--download-only', '--yes', '--no-install-recommends', '--no-remove', '-q'],
    ...['-o', `Dir::Cache::archives=${archives}`, '-o', 'Debug::NoLocking=1', ...names],
  ]);
  must(fetched, 'apt-get install --download-only');
  // The kernel's own dependencies (an initial ramdisk's tools, the boot loader's) are not needed, only its files.
  must(await apt('apt-get', ['download', '-q', kernel], archives), `apt-get download ${kernel}`);
}

/** Debian 12 ships virtiofsd in qemu-system-common, later releases in a package of its own. */
async function separateShareDaemon(apt: Apt): Promise<string[]> {
  const known = await apt('apt-cache', ['show', '--no-all-versions', 'virtiofsd']);
  return known.code === 0 && /^Package: virtiofsd$/m.test(known.stdout) ? ['virtiofsd'] : [];
}

async function kernelOf(apt: Apt): Promise<string> {
  const { stdout } = await apt('apt-cache', ['depends', kernelPackage]);
  const name = /Depends: (linux-image-\d\S*)/.exec(stdout)?.[1];
  if (name !== undefined) return name;
  throw new SquallError(
    'GuestFailed',
    `apt knows no package ${kernelPackage}, which the guest's kernel comes from; use Debian 12 or later, or load netem into this ` +
      "machine's own kernel (modprobe sch_netem; on Ubuntu after apt-get install linux-modules-extra-$(uname -r)) and use --guest never",
  );
}

function aptWith(options: readonly string[], signal?: AbortSignal): Apt {
  // Only root may change to apt's download user, and that user may not write to the person's cache folder.
  const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  return async (program, args, cwd) =>
    await runProgram(program, [...options, ...sandbox, ...args], { env, cwd, signal, timeoutMs: 600_000 });
}

/** @throws SquallError GuestFailed with apt's own words */
export function must(result: ProgramResult, what: string): void {
  if (result.code === 0) return;
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => /^[EW]:|unmet|error/i.test(line));
  throw new SquallError('GuestFailed', `${what} failed: ${lines.slice(-5).join('; ') || result.stderr.trim()}`);
}

function withoutApt(cause: SquallError): SquallError {
  const message =
    'the guest machine is made from Debian packages, and this machine has no apt-get; load netem into its own kernel ' +
    '(modprobe sch_netem) and use --guest never, or run on Debian 12 or later';
  return new SquallError('ToolMissing', message, { cause });
}

/** The first of the paths that exists below the unpacked root, else on this machine. */
export async function locate(root: string, paths: readonly string[]): Promise<string | undefined> {
  for (const folder of [root, '/']) {
    for (const path of paths) {
      const file = join(folder, path);
      if (
        await access(file).then(
          () => true,
          () => false,
        )
      )
        return file;
    }
  }
  return undefined;
}
