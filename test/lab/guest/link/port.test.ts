import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { deviceOf } from '../../../../src/lab/guest/link/port.ts';

it('finds the port by its name beside the console, which has none, and says so where there is no such port', () => {
  const folder = mkdtempSync(join(tmpdir(), 'squall-ports-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const port of ['vport0p0', 'vport0p1', 'vport0p2']) mkdirSync(join(folder, port));
  writeFileSync(join(folder, 'vport0p1', 'name'), 'squall.control\n');
  writeFileSync(join(folder, 'vport0p2', 'name'), 'squall.link\n');
  expect(deviceOf('squall.link', folder)).toBe('/dev/vport0p2');
  expect(() => deviceOf('squall.other', folder)).toThrow("no virtio port 'squall.other'");
  expect(() => deviceOf('squall.link', join(folder, 'missing'))).toThrow("no virtio port 'squall.link'");
});
