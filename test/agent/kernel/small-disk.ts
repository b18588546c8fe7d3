/** A file system of its own, small enough to be filled. */
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { command } from '../../kernel/namespaces.ts';

export type SmallDisk = {
  /** Where an agent may keep its state. */
  stateFolder: string;
  /** Resolves when not one more byte is taken. */
  fill(): Promise<void>;
  free(): Promise<void>;
  dispose(): Promise<void>;
};

/** @param folder is made, and stays until whoever has its parent takes that away */
export async function mountSmallDisk(folder: string): Promise<SmallDisk> {
  await mkdir(folder);
  await command('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  const [other, proof] = [join(folder, 'other'), join(folder, 'proof')];
  return {
    stateFolder: join(folder, 'state'),
    fill: async () => {
      const full = { code: 'ENOSPC' };
      const more = async () => {
        for (;;) await appendFile(other, Buffer.alloc(4096));
      };
      await expect(more()).rejects.toMatchObject(full);
      await expect(writeFile(proof, 'x')).rejects.toMatchObject(full);
      await rm(proof);
    },
    free: async () => {
      await rm(other);
    },
    dispose: async () => {
      await command('umount', [folder]);
    },
  };
}
