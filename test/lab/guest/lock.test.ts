import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withLock } from '../../../src/lab/guest/lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'squall-lock-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('withLock', () => {
  it('lets one at a time work', async () => {
    let working = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, (working += 1));
      await new Promise((resolve) => setImmediate(resolve));
      working -= 1;
    };
    await Promise.all(
      [1, 2, 3].map(async () => {
        await withLock(join(folder, 'turns'), work);
      }),
    );
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives the lock back when the work fails', async () => {
    const file = join(folder, 'failing');
    await expect(withLock(file, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await withLock(file, () => Promise.resolve('done'))).toBe('done');
  });

  it.each([
    ['of a process that is gone', '4194304 123456'],
    ['of a process whose number was given away since', `${String(process.pid)} 1`],
    ['that a crash left empty', ''],
    ['that holds nonsense', 'nobody'],
  ])('takes over a lock %s', async (_, content) => {
    const file = join(folder, 'stale');
    writeFileSync(file, content);
    expect(await withLock(file, () => Promise.resolve('done'))).toBe('done');
  });

  it('stops waiting when told to', async () => {
    const file = join(folder, 'held');
    await withLock(file, async () => {
      await expect(withLock(file, () => Promise.resolve(), AbortSignal.timeout(50))).rejects.toThrow('abort');
    });
  });
});
