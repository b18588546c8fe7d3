import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSampleFile, deleteOrphanedSamples } from '../../src/agent/sample-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'squall-samples-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('createSampleFile', () => {
  it('has every sample of before a flush, one JSON object a line, without what else a prober knows', async () => {
    const file = await createSampleFile(folder, 'task-1');
    const numbered = { stream: 'a', number: 7, sentAt: 2, reason: 'timeout' as const };
    file.add({ stream: 'a', sentAt: 1, rttMs: 0.5 });
    file.add(numbered);
    await file.flush();
    const lines = (await readFile(join(folder, 'task-1.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { stream: 'a', sentAt: 1, rttMs: 0.5 },
      { stream: 'a', sentAt: 2, reason: 'timeout' },
    ]);
  });

  it('never grows beyond its bound, and says so', async () => {
    const file = await createSampleFile(folder, 'task', 100);
    for (let sentAt = 0; sentAt < 10; sentAt += 1) file.add({ stream: 'a', sentAt });
    await file.flush();
    const text = await readFile(join(folder, 'task.jsonl'), 'utf8');
    expect(text.length).toBeLessThanOrEqual(100);
    expect(text.endsWith('}\n')).toBe(true);
    expect(file.isFull()).toBe(true);
  });

  it.each(['../etc', 'a/b', '', 'A', '.hidden'])('refuses %j as the name of a file', async (name) => {
    await expect(createSampleFile(folder, name)).rejects.toMatchObject({ code: 'InvalidInput' });
  });
});

describe('deleteOrphanedSamples', () => {
  it('deletes the files of tasks that are gone, and no other file', async () => {
    for (const name of ['gone.jsonl', 'living.jsonl', 'notes.txt']) await writeFile(join(folder, name), 'x');
    expect(await deleteOrphanedSamples(folder, new Set(['living']))).toEqual(['gone.jsonl']);
    expect((await readdir(folder)).sort()).toEqual(['living.jsonl', 'notes.txt']);
  });

  it('takes a folder that is not there for empty', async () => {
    expect(await deleteOrphanedSamples(join(folder, 'none'), new Set())).toEqual([]);
  });
});
