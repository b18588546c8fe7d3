/** An agent whose process is stopped (SIGSTOP, a frozen cgroup, a paused machine) for longer than its faults' lease. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/api/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { snapshot, work } from '../../kernel/namespaces.ts';
import { type AgentBench, createAgentBench, leaseSeconds, phaseIs } from './agent-bench.ts';
import { lastLost, watchPings } from './watch-pings.ts';

/** Campaigns stop it for 60 s. */
const stoppedMs = Number(process.env.SQUALL_STOPPED_SECONDS ?? '6') * 1000;
const partition: Fault = { type: 'partition' };

describe('an agent that is suspended for longer than a lease', { timeout: 60_000 + stoppedMs }, () => {
  let bench: AgentBench;
  beforeEach(async () => {
    bench = await createAgentBench();
  });
  afterEach(async () => {
    await bench.dispose();
  });

  it('hurts nobody from the end of the lease on, never takes a fault up again though its run goes on, and undoes it', async () => {
    const { pair } = bench;
    const agent = await bench.startAgent();
    // What the agent finds when it goes on: of one run's Lease nothing new yet, while the other's is fresh all along.
    const tasks = [
      await bench.startFault(work('cut', partition, [2]), { lease: 'short' }),
      await bench.startFault(work('held', partition, [3]), { lease: 'long' }),
    ];
    for (const task of tasks) await bench.statusUntil(task, phaseIs('Active'));
    const pings = watchPings(pair, [2, 3]);
    await pings.untilLost(systemClock.now());

    agent.process.kill('SIGSTOP');
    const stoppedAt = systemClock.now();
    await systemClock.sleep(stoppedMs);
    expect(await snapshot(pair.target)).not.toEqual(bench.found);
    agent.process.kill('SIGCONT');
    const ends = await Promise.all(tasks.map(async (task) => await bench.statusUntil(task, phaseIs('Clean'))));
    // Long enough for a renewal, had there been one.
    await systemClock.sleep(leaseSeconds * 500);
    const samples = await pings.end();

    const hurtMs = lastLost(samples) - stoppedAt;
    expect(hurtMs).toBeGreaterThan(0);
    expect(hurtMs).toBeLessThan((leaseSeconds + 1) * 1000);
    const answeredAfter = samples.filter(({ sentAt, lost }) => !lost && sentAt > stoppedAt + (leaseSeconds + 1) * 1000);
    expect(answeredAfter.length).toBeGreaterThan(200);
    expect(ends.map(({ residue, targets }) => [residue, targets[0]?.reason])).toEqual([
      [0, 'LeaseExpired'],
      [0, 'LeaseExpired'],
    ]);
    expect(ends[1]?.targets[0]).toMatchObject({
      message: expect.stringMatching(/^LeaseExpired: the kernel had ended fault held/) as string,
      renewals: { failed: 1 },
    });
    expect(await snapshot(pair.target)).toEqual(bench.found);
    expect(await readdir(join(pair.stateFolder, 'ledger'))).toEqual([]);
  });
});
