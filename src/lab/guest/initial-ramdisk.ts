import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runProgram, SquallError } from '../../lib/index.ts';
import { type ArchiveEntry, parentFolders, writeArchive } from './cpio.ts';
import type { GuestImage } from './guest-image.ts';
import {
  commandScript,
  type GuestCommand,
  initScript,
  moduleToolScript,
  supervisorScript,
  trialScript,
  type WritableShare,
} from './init-scripts.ts';
import { loadOrder, parseModuleDependencies } from './kernel-modules.ts';

/** Without these there is no root file system, and no way to say anything; all others load from the host's files later. */
const modulesBeforeRoot = ['virtio_pci', 'virtiofs', 'overlay', 'virtio_console'];

/** The initial ramdisk of one run: busybox, the few modules that mounting and the network need, and the scripts of this very command. */
export async function buildRamdisk(
  image: GuestImage,
  command: GuestCommand,
  writable: readonly WritableShare[],
  network = false,
): Promise<Buffer> {
  const modules = await readModules(image, network ? [...modulesBeforeRoot, 'virtio_net'] : modulesBeforeRoot);
  const init = initScript(
    modules.map(({ name }) => name),
    image.modulesFolder,
    writable,
    network,
  );
  const files: ArchiveEntry[] = [
    ...modules.map(({ name, content }): ArchiveEntry => ({ type: 'file', path: `modules/${name}`, content })),
    { type: 'file', path: 'init', content: init, executable: true },
    { type: 'file', path: 'squall/supervise', content: supervisorScript(command.terminal) },
    { type: 'file', path: 'squall/command', content: commandScript(command) },
    ...['modprobe', 'depmod', 'lsmod'].map((name): ArchiveEntry => ({
      type: 'file',
      path: `squall/tools/${name}`,
      content: moduleToolScript(join(image.tools, name), image.libraryPath),
      executable: true,
    })),
  ];
  return await archiveWithBusybox(image, files);
}

/** A ramdisk that only says the answer and ends: proves that an accelerator boots this kernel. */
export async function buildTrialRamdisk(image: GuestImage, answer: string): Promise<Buffer> {
  return await archiveWithBusybox(image, [{ type: 'file', path: 'init', content: trialScript(answer), executable: true }]);
}

async function archiveWithBusybox(image: GuestImage, files: readonly ArchiveEntry[]): Promise<Buffer> {
  const all: ArchiveEntry[] = [
    { type: 'file', path: 'bin/busybox', content: await readFile(image.busybox), executable: true },
    ...files,
  ];
  return writeArchive([...parentFolders(all.map(({ path }) => path)), ...all]);
}

async function readModules(image: GuestImage, names: readonly string[]): Promise<{ name: string; content: Buffer }[]> {
  const folder = join(image.modulesFolder, image.kernelVersion);
  const dependencies = parseModuleDependencies(await readFile(join(folder, 'modules.dep'), 'utf8'));
  const files = loadOrder(names, dependencies, await readFile(join(folder, 'modules.builtin'), 'utf8'));
  return await Promise.all(
    files.map(async (file) => ({ name: basename(file).replace(/\.xz$/, ''), content: await readModule(join(folder, file)) })),
  );
}

/** Debian 12 stores modules plainly, later releases as xz. */
async function readModule(file: string): Promise<Buffer> {
  if (!file.endsWith('.xz')) return await readFile(file);
  const plain = file.slice(0, -'.xz'.length);
  const { code, stderr } = await runProgram('xz', ['--decompress', '--keep', '--force', file]);
  if (code !== 0) throw new SquallError('GuestFailed', `could not unpack the kernel module ${file}: ${stderr.trim()}`);
  return await readFile(plain);
}
