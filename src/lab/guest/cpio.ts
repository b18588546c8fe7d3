/** One file of an archive. Paths have no leading slash; a file's folders must come before it. */
export type ArchiveEntry =
  | { type: 'folder'; path: string }
  | { type: 'file'; path: string; content: Uint8Array | string; executable?: boolean }
  | { type: 'link'; path: string; target: string };

const typeBits = { folder: 0o040000, file: 0o100000, link: 0o120000 } as const;
const trailer = 'TRAILER!!!';

/**
 * A cpio archive in the "newc" format, as the Linux kernel unpacks it for an initial ramdisk
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Everything belongs to root and carries time 0, so that
 * equal entries give equal bytes.
 */
export function writeArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => member(index + 1, modeOf(entry), entry.path, contentOf(entry)));
  return Buffer.concat([...parts, ...member(0, 0, trailer, Buffer.alloc(0))]);
}

/** The folders that lead to the paths, parents first, each once. */
export function parentFolders(paths: readonly string[]): ArchiveEntry[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const names = path.split('/').slice(0, -1);
    names.forEach((_, index) => folders.add(names.slice(0, index + 1).join('/')));
  }
  return [...folders].sort().map((path) => ({ type: 'folder', path }));
}

function modeOf(entry: ArchiveEntry): number {
  if (entry.type === 'folder') return typeBits.folder | 0o755;
  if (entry.type === 'link') return typeBits.link | 0o777;
  return typeBits.file | (entry.executable ? 0o755 : 0o644);
}

function contentOf(entry: ArchiveEntry): Buffer {
  if (entry.type === 'folder') return Buffer.alloc(0);
  if (entry.type === 'link') return Buffer.from(entry.target);
  return Buffer.from(entry.content);
}

/** Header and name together, then the content, are each padded to four bytes. */
function member(inode: number, mode: number, path: string, content: Buffer): Buffer[] {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, mtime, size, device major and minor, special device major and minor, name size, checksum
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
