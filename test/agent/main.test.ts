import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimState } from '../../src/agent/state-claim.ts';
import { systemClock } from '../../src/lib/index.ts';
import { type Bench, createBench, instance } from './support.ts';

const program = fileURLToPath(new URL('../../src/agent/main.ts', import.meta.url));

let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(async () => {
  await bench.close();
});

/** The agent's process, and what resolves when it has swept. */
function startProcess(args: string[]): { process: ChildProcess; swept: Promise<unknown>; log: string[] } {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
  const log: string[] = [];
  const swept = new Promise((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      if (line.includes('"swept"')) resolve(undefined);
    });
  });
  return { process: child, swept, log };
}
const usual = () => [
  '--socket',
  join(bench.folder, 'api.sock'),
  '--node',
  'local',
  '--instance',
  instance,
  '--state',
  bench.folder,
];

describe("the agent's process", () => {
  it.each([
    ['it is told to by SIGTERM', (child: ChildProcess) => child.kill('SIGTERM')],
    ['whoever started it is gone', (child: ChildProcess) => child.stdin?.end()],
  ])('ends well when %s, and gives its state folder back', async (_, tell) => {
    const agent = startProcess(usual());
    await agent.swept;
    expect(existsSync(join(bench.folder, 'agent.json'))).toBe(true);
    tell(agent.process);
    expect(await once(agent.process, 'exit')).toEqual([0, null]);
    expect(existsSync(join(bench.folder, 'agent.json'))).toBe(false);
  });

  it.each([
    ['--instance', 'x; rm -rf /', /8 hexadecimal/],
    ['--node', '../local', /object name/],
    ['--node', 'a'.repeat(241), /expected at most 240: the Lease squall-agent-NODE has its name; register/],
    ['--state', 'relative', /absolute path/],
  ])('refuses %s %j', async (option, value, message) => {
    const args = usual();
    args[args.indexOf(option) + 1] = value;
    const agent = startProcess(args);
    expect(await once(agent.process, 'close')).toEqual([2, null]);
    expect(agent.log.join('\n')).toMatch(message);
  });
});

describe('claimState', () => {
  it('lets one agent alone have a state folder, and names who has it', async () => {
    const agent = startProcess(usual());
    await agent.swept;
    await expect(claimState(bench.folder, systemClock, 0)).rejects.toMatchObject({
      code: 'StateInUse',
      message: expect.stringContaining(`pid ${String(agent.process.pid)}`) as string,
    });
    agent.process.kill('SIGKILL');
    await once(agent.process, 'exit');
    const giveBack = await claimState(bench.folder, systemClock, 0);
    giveBack();
  });

  it('lets exactly one of several have it that ask in the same instant, also after one that was killed', async () => {
    for (const _ of [1, 2, 3]) {
      const claims = await Promise.allSettled([1, 2, 3, 4].map(() => claimState(bench.folder, systemClock, 0)));
      const won = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
      expect(won).toHaveLength(1);
      won.forEach((giveBack) => {
        giveBack();
      });
    }
    const agents = [startProcess(usual()), startProcess(usual())];
    const first = await Promise.race(agents.map(async (agent) => await agent.swept.then(() => agent)));
    const [other] = agents.filter((agent) => agent !== first);
    expect(other?.process.exitCode).toBeNull();
    first.process.kill('SIGKILL');
    // The other had been waiting, and goes on by itself.
    await other?.swept;
    other?.process.kill('SIGTERM');
    expect(await once(other?.process ?? first.process, 'exit')).toEqual([0, null]);
  });
});
