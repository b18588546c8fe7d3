import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startAgentProcess } from '../../../src/cli/run/agent-process.ts';
import { systemClock } from '../../../src/lib/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squall-agent-process-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it.each([
  ['has only just begun', 0],
  ['listens', 1000],
])('an agent that is told to end when it %s ends by itself, and its exit code says what it has left', async (_when, waitMs) => {
  const program = join(folder, 'agent.mjs');
  // As the agent does: it listens for signals and for the end of its input once it has read its programs.
  writeFileSync(
    program,
    `await new Promise((resolve) => setTimeout(resolve, 300));
     const end = () => process.exit(3);
     process.on('SIGTERM', end);
     process.stdin.on('end', end).resume();`,
  );
  const ended: unknown[] = [];
  const onExit = (...how: unknown[]) => ended.push(how);
  const agent = startAgentProcess({ program, args: [], clock: systemClock, random: () => 0, onExit, stderr: 2 });
  await systemClock.sleep(waitMs);
  expect(await agent.stop(30_000)).toBe(3);
  expect(ended).toEqual([]);
});
