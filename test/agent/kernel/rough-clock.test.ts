/**
 * A wall clock that is set while a fault is in, on the machine that both the agent and the control process are on. The machine's own is
 * left alone: the agent is given one that jumps, over a real kernel.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createKernelDriver } from '../../../src/agent/kernel/index.ts';
import { namedNamespaces } from '../../../src/agent/namespaces/named.ts';
import { runAgent } from '../../../src/agent/run-agent.ts';
import type { Fault } from '../../../src/api/index.ts';
import { type Clock, systemClock } from '../../../src/lib/index.ts';
import { snapshot, work } from '../../kernel/namespaces.ts';
import { type AgentBench, createAgentBench, leaseSeconds, phaseIs } from './agent-bench.ts';
import { lastLost, type PingSample, watchPings } from './watch-pings.ts';

const partition: Fault = { type: 'partition' };
const [minuteMs, hourMs] = [60_000, 3_600_000];
const leaseMs = leaseSeconds * 1000;

type Held = AgentBench & { setClock: (byMs: number) => void };

/** An agent in this process; afterwards nothing may be left. */
async function withAgent(act: (held: Held) => Promise<void>): Promise<void> {
  let offMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + offMs };
  const bench = await createAgentBench(() => clock.now());
  const { instance, stateFolder, target } = bench.pair;
  const namespaces = namedNamespaces();
  const kernel = await createKernelDriver({ stateFolder, instance, clock, namespaces });
  const ending = new AbortController();
  const { signal } = ending;
  const place = {
    node: 'local',
    instance,
    stateFolder,
    tcpProbeProgram: '',
    resolveHosts: () => Promise.resolve([]),
    store: bench.store,
  };
  const ended = runAgent({ ...place, kernel, namespaces, clock, signal, log: () => undefined });
  try {
    await act({ ...bench, setClock: (byMs) => (offMs += byMs) });
    expect(await snapshot(target)).toEqual(bench.found);
    expect(await readdir(join(stateFolder, 'ledger'))).toEqual([]);
  } finally {
    ending.abort();
    await ended;
    await bench.dispose();
  }
}

const answeredBetween = (samples: readonly PingSample[], from: number, to: number) =>
  samples.filter(({ sentAt, lost }) => !lost && sentAt > from && sentAt < to).length;

// On a machine that stands still for a lease the fault has a hole, as it should; then it is looked at once more.
describe.concurrent('a wall clock that is set while a fault is in', { timeout: 60_000, retry: 1 }, () => {
  it.each([
    ['back by hours', -6 * hourMs],
    ['forth by minutes, before the end that the run has named', 4 * minuteMs],
  ])('%s: the fault is held without a hole, and ends with its lease, neither later nor earlier', async (_, byMs) => {
    await withAgent(async ({ pair, startFault, statusUntil, setClock, stopRenewing }) => {
      const task = await startFault(work('cut', partition, [2]), { notAfterMs: hourMs });
      await statusUntil(task, phaseIs('Active'));
      const pings = watchPings(pair, [2]);
      const startedAt = systemClock.now();
      await pings.untilLost(startedAt);
      setClock(byMs);
      // Longer than what the kernel was given before: what holds it now was renewed after.
      await pings.untilLost(systemClock.now() + leaseMs + 500);
      await stopRenewing();
      const stoppedAt = systemClock.now();
      setClock(byMs / 2);
      const { targets, residue } = await statusUntil(task, phaseIs('Clean'));
      await pings.untilAnswered(systemClock.now());
      const samples = await pings.end();
      expect(answeredBetween(samples, startedAt, stoppedAt)).toBe(0);
      // The last renewal was up to a third of the lease before.
      const heldMs = lastLost(samples) - stoppedAt;
      expect(heldMs).toBeGreaterThan(leaseMs / 2);
      expect(heldMs).toBeLessThan(leaseMs + 1000);
      expect([targets[0]?.reason, residue]).toEqual(['LeaseExpired', 0]);
    });
  });

  it.each([
    ['forth beyond the end that the run has named: the fault ends at its next renewal', 6 * hourMs, 300_000, 2500],
    ['back: the fault ends no later than it was to end', -6 * hourMs, 12_000, 12_500],
  ])('%s', async (_, byMs, notAfterMs, endsWithinMs) => {
    await withAgent(async ({ pair, startFault, statusUntil, setClock }) => {
      const pings = watchPings(pair, [2]);
      const startedAt = systemClock.now();
      const task = await startFault(work('cut', partition, [2]), { lease: 'long', notAfterMs });
      await statusUntil(task, phaseIs('Active'));
      await pings.untilLost(startedAt);
      const setAt = systemClock.now();
      setClock(byMs);
      const { targets, residue } = await statusUntil(task, phaseIs('Clean'));
      await pings.untilAnswered(systemClock.now());
      const endedMs = lastLost(await pings.end()) - (byMs > 0 ? setAt : startedAt);
      expect(endedMs).toBeLessThan(endsWithinMs);
      expect([targets[0]?.reason, residue]).toEqual(['NotAfter', 0]);
    });
  });
});
