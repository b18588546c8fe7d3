import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onlyFind, readInRoot } from '../../../src/probes/host-lookup/file-in-root.ts';

describe('a file in the root of somebody else', () => {
  let folder: string;
  let root: number;
  const inRoot = (path: string) => join(folder, 'root', path);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'squall-root-'));
    for (const path of ['etc', 'run/dns']) mkdirSync(inRoot(path), { recursive: true });
    writeFileSync(inRoot('run/dns/resolv.conf'), 'inside');
    writeFileSync(join(folder, 'secret'), 'outside');
    root = openSync(inRoot(''), onlyFind);
  });
  afterEach(() => {
    closeSync(root);
    rmSync(folder, { recursive: true });
  });
  const link = (to: string, path = 'etc/resolv.conf') => {
    symlinkSync(to, inRoot(path));
  };

  it.each([
    [
      'is read',
      () => {
        writeFileSync(inRoot('etc/resolv.conf'), 'here');
      },
      'here',
    ],
    [
      'is read by a link of its folder',
      () => {
        link('../run/dns/resolv.conf');
      },
      'inside',
    ],
    [
      'is read by a link from the root, which is that of its owner',
      () => {
        link('/run/dns/resolv.conf');
      },
      'inside',
    ],
    [
      'is read by links to folders',
      () => {
        link('/r/resolv.conf');
        link('run/./dns', 'r');
      },
      'inside',
    ],
    [
      'cannot be above the root',
      () => {
        link('../../../../run/dns/resolv.conf');
      },
      'inside',
    ],
    ['is not there', () => undefined, undefined],
    [
      'is not there by a link to nothing',
      () => {
        link('nothing');
      },
      undefined,
    ],
    [
      'is not there below a file',
      () => {
        link('/run/dns/resolv.conf/a');
      },
      undefined,
    ],
    [
      'is never one outside by its absolute path',
      () => {
        link(join(folder, 'secret'));
      },
      undefined,
    ],
    [
      'is never one outside by a way upwards',
      () => {
        link('../../secret');
      },
      undefined,
    ],
    [
      'is never one of this process',
      () => {
        link('/proc/self/environ');
      },
      undefined,
    ],
  ])('%s', (_what, make, content) => {
    make();
    const open = readdirSync('/proc/self/fd').length;
    expect(readInRoot(root, 'etc/resolv.conf')).toBe(content);
    expect(readdirSync('/proc/self/fd')).toHaveLength(open);
  });

  it.each([
    [
      'a folder',
      () => {
        mkdirSync(inRoot('etc/resolv.conf'));
      },
      /no regular file/,
    ],
    [
      'a pipe, which nobody waits for',
      () => {
        execFileSync('mkfifo', [inRoot('etc/resolv.conf')]);
      },
      /no regular file/,
    ],
    [
      'a circle',
      () => {
        link('resolv.conf');
      },
      /symbolic links/,
    ],
    [
      'too large',
      () => {
        writeFileSync(inRoot('etc/resolv.conf'), Buffer.alloc(300 * 1024));
      },
      /larger than 256 KiB/,
    ],
  ])('is refused when it is %s', (_what, make, message) => {
    make();
    expect(() => readInRoot(root, 'etc/resolv.conf')).toThrow(message);
  });
});
