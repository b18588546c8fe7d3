import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  carriesMarker,
  isRunning,
  parseProcessStat,
  readProcess,
  readProcesses,
  readStartTime,
} from '../../src/lab/process-table.ts';

describe('parseProcessStat', () => {
  it('counts fields from the end of the program name, whatever that is', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ maxLength: 15 }), fc.nat(), (pid, name, startTime) => {
        const fields = ['S', ...Array.from({ length: 18 }, (_, index) => String(index)), String(startTime), '0', '0'];
        const text = `${String(pid)} (${name}) ${fields.join(' ')}\n`;
        expect(parseProcessStat(text)).toEqual({ pid, state: 'S', startTime });
      }),
    );
  });
});

describe('the process table', () => {
  it('knows a process by pid and start time until it ends', async () => {
    const child = spawn('sleep', ['1000'], { env: { ...process.env, SQUALL_LAB: '0a0b0c0d' } });
    await new Promise((resolve) => child.once('spawn', resolve));
    const pid = child.pid ?? 0;
    const startTime = readStartTime(pid) ?? 0;
    expect(isRunning({ pid, startTime })).toBe(true);
    expect(isRunning({ pid, startTime: startTime + 1 })).toBe(false);
    expect(readProcesses().find((entry) => entry.pid === pid)).toMatchObject({
      startTime,
      networkNamespace: readProcess(process.pid)?.networkNamespace,
    });
    expect([carriesMarker(pid, '0a0b0c0d'), carriesMarker(pid, '0a0b0c0'), carriesMarker(process.pid, '0a0b0c0d')]).toEqual([
      true,
      false,
      false,
    ]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(isRunning({ pid, startTime })).toBe(false);
    expect(carriesMarker(pid, '0a0b0c0d')).toBe(false);
  });
});
