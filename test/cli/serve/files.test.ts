import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundForeignFile } from '../../../src/cli/serve/bound-files.ts';
import { removeOldRuns } from '../../../src/cli/serve/keep-runs.ts';
import { createLineFile } from '../../../src/cli/serve/line-file.ts';
import { parseListenAddress } from '../../../src/cli/serve/listen-address.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-files-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const silent = pino({ level: 'silent' });

describe('a bounded file', () => {
  it('of another process moves to one old file past its limit, and starts anew', () => {
    const file = join(folder, 'agent.log');
    boundForeignFile(file, 10);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, '0123456789');
    boundForeignFile(file, 10);
    expect(readFileSync(file, 'utf8')).toBe('0123456789');
    writeFileSync(file, '0123456789a');
    boundForeignFile(file, 10);
    expect([readFileSync(file, 'utf8'), readFileSync(`${file}.1`, 'utf8')]).toEqual(['', '0123456789a']);
  });

  it('of records never passes its limit, and keeps the newest of them in order', () => {
    const file = join(folder, 'ticks.jsonl');
    const lines = createLineFile(file, silent, 100);
    for (let index = 0; index < 100; index += 1) {
      lines.append({ index });
      expect(statSync(file).size).toBeLessThanOrEqual(100);
    }
    const kept = [`${file}.1`, file].flatMap((name) => readFileSync(name, 'utf8').trim().split('\n'));
    const numbers = kept.map((line) => (JSON.parse(line) as { index: number }).index);
    expect(numbers.length).toBeGreaterThan(5);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 100 - numbers.length + index));
  });

  it('keeps records that cannot be written until they can, in order', () => {
    const file = join(folder, 'gone', 'ticks.jsonl');
    const lines = createLineFile(file, silent);
    lines.append({ index: 1 });
    lines.append({ index: 2 });
    mkdirSync(join(folder, 'gone'));
    lines.flush();
    lines.append({ index: 3 });
    expect(readFileSync(file, 'utf8')).toBe('{"index":1}\n{"index":2}\n{"index":3}\n');
  });
});

describe('the folders of runs', () => {
  it('stay while the run is stored, and the newest of the others stay', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const [index, name] of names.entries()) {
      mkdirSync(join(folder, name));
      utimesSync(join(folder, name), 1000 + index, 1000 + index);
    }
    expect(await removeOldRuns(folder, new Set(['a']), 2)).toEqual(['c', 'b']);
    expect(names.filter((name) => existsSync(join(folder, name)))).toEqual(['a', 'd', 'e']);
  });
});

describe('--listen', () => {
  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['none', undefined],
  ])('%s is read', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected);
  });

  it.each(['', '9464', '127.0.0.1', '127.0.0.1:', ':80', '::1:80', '127.0.0.1:65536', 'a b:80'])("'%s' is refused", (text) => {
    expect(() => parseListenAddress(text)).toThrow(/--listen: expected an address and a port/);
  });
});
