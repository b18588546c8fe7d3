import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundLogs } from '../../src/lab/index.ts';

describe('boundLogs', () => {
  let stateFolder: string;
  beforeEach(() => {
    stateFolder = mkdtempSync(join(tmpdir(), 'squall-logs-test-'));
    mkdirSync(join(stateFolder, 'lab', 'logs'), { recursive: true });
  });
  afterEach(() => {
    rmSync(stateFolder, { recursive: true });
  });
  const pathOf = (name: string) => join(stateFolder, 'lab', 'logs', name);
  const lines = (count: number) =>
    Array.from({ length: count }, (_, index) => `line ${String(index).padStart(4, '0')}\n`).join('');

  it('keeps the newest whole lines of a log that is too long, and what its writer adds later', async () => {
    writeFileSync(pathOf('long.log'), lines(100));
    writeFileSync(pathOf('short.log'), lines(40));
    const writer = openSync(pathOf('long.log'), 'a');
    expect(await boundLogs(stateFolder, 400)).toEqual(['long.log']);
    writeSync(writer, 'later\n');
    closeSync(writer);
    expect(readFileSync(pathOf('long.log'), 'utf8')).toBe(`${lines(100).slice(-90)}later\n`);
    expect(readFileSync(pathOf('short.log'), 'utf8')).toBe(lines(40));
  });

  it('is content where there is no lab', async () => {
    expect(await boundLogs(join(stateFolder, 'nowhere'))).toEqual([]);
  });
});
