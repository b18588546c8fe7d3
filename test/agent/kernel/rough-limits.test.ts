/** An agent from which something is taken that it needs for every program it starts: file descriptors, processes, file sizes, tools. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/api/index.ts';
import { systemClock } from '../../../src/lib/index.ts';
import { snapshot, work } from '../../kernel/namespaces.ts';
import { type AgentBench, createAgentBench, leaseSeconds, phaseIs } from './agent-bench.ts';
import type { AgentProcess } from './agent-process.ts';
import { type BrokenPrograms, createBrokenPrograms, type KernelProgram } from './broken-programs.ts';
import { canLimitProcesses, leaveDescriptors, leaveNoProcess, limitBy, type Take } from './limits.ts';
import { lastLost, watchPings } from './watch-pings.ts';

const partition: Fault = { type: 'partition' };

type Lack = { name: string; take: (programs: BrokenPrograms) => Take; told: RegExp };
const tool = (program: KernelProgram): Lack => ({
  name: `${program} in PATH`,
  take: (programs) => async () => {
    await programs.take(program);
    return async () => {
      await programs.putBack(program);
    };
  },
  told: new RegExp(`'${program}' is not installed; install|failed to execute ${program}`),
});
const descriptors = (free: number): Lack => ({
  name: `file descriptors (RLIMIT_NOFILE, ${String(free)} free)`,
  take: () => leaveDescriptors(free),
  told: /EMFILE/,
});
const processes: Lack[] = canLimitProcesses
  ? [{ name: 'processes (pids.max)', take: () => leaveNoProcess, told: /could not start '\w+' \(EAGAIN\): .*pids\.max/ }]
  : [];
const fileSize: Lack = {
  name: 'file size (RLIMIT_FSIZE)',
  take: () => limitBy('fsize', 512),
  told: /^LedgerNotWritten: .*EFBIG.*RLIMIT_FSIZE/,
};

/** An agent with a `PATH` of its own. */
async function onBench(act: (bench: AgentBench, programs: BrokenPrograms, agent: AgentProcess) => Promise<void>): Promise<void> {
  const programs = await createBrokenPrograms();
  const bench = await createAgentBench();
  try {
    await act(bench, programs, await bench.startAgent({ env: { PATH: programs.path } }));
    expect(await snapshot(bench.pair.target)).toEqual(bench.found);
    expect(await readdir(join(bench.pair.stateFolder, 'ledger'))).toEqual([]);
  } finally {
    await bench.dispose();
    await programs.dispose();
  }
}

describe.concurrent('an agent that lacks what it needs', { timeout: 60_000 }, () => {
  it('refuses a fault, says what it lacks, leaves nothing, and takes the next one as soon as it has that again', async () => {
    await onBench(async ({ pair, found, startFault, statusUntil, orderUndo }, programs, { pid }) => {
      const takeAndUndo = async (id: string) => {
        const task = await startFault(work(id, partition, [2]));
        await statusUntil(task, phaseIs('Active'));
        await orderUndo(task);
        expect(await statusUntil(task, phaseIs('Clean'))).toMatchObject({ residue: 0 });
      };
      // All its watches are there then.
      await takeAndUndo('first');
      const lacks = [descriptors(4), ...processes, fileSize, tool('tc'), tool('nft')];
      for (const [index, { name, take, told }] of lacks.entries()) {
        const giveBack = await take(programs)(pid);
        try {
          const task = await startFault(work(`refused${String(index)}`, partition, [2]));
          const { targets, residue } = await statusUntil(task, phaseIs('Refused'));
          expect([name, targets[0]?.message, residue]).toEqual([name, expect.stringMatching(told), 0]);
          expect(await snapshot(pair.target)).toEqual(found);
        } finally {
          await giveBack();
        }
      }
      await takeAndUndo('taken');
    });
  });

  it.each([descriptors(0), ...processes, tool('nft')])(
    'while a fault is in hurts nobody for longer than a lease, says so, and undoes it when it has it again: $name',
    async ({ take, told }) => {
      await onBench(async ({ pair, found, startFault, statusUntil }, programs, { pid, said }) => {
        const task = await startFault(work('cut', partition, [2]));
        await statusUntil(task, phaseIs('Active'));
        const pings = watchPings(pair, [2]);
        await pings.untilLost(systemClock.now());
        const giveBack = await take(programs)(pid);
        const takenAt = systemClock.now();
        try {
          await pings.untilAnswered(takenAt);
          await said('removal failed');
          expect(await snapshot(pair.target)).not.toEqual(found);
        } finally {
          await giveBack();
        }
        const { targets, residue } = await statusUntil(task, phaseIs('Clean'));
        expect(residue).toBe(0);
        expect(targets[0]).toMatchObject({ reason: 'RenewalFailed', message: expect.stringMatching(told) as string });
        const samples = await pings.end();
        expect(lastLost(samples) - takenAt).toBeGreaterThan(0);
        expect(lastLost(samples) - takenAt).toBeLessThan((leaseSeconds + 1) * 1000);
      });
    },
  );

  it('is not bound by RLIMIT_NPROC, as nobody is who may enter namespaces', async () => {
    await onBench(async ({ startFault, statusUntil, orderUndo }, _, { pid }) => {
      await limitBy('nproc', 0)(pid);
      const task = await startFault(work('cut', partition, [2]));
      await statusUntil(task, phaseIs('Active'));
      await orderUndo(task);
      expect(await statusUntil(task, phaseIs('Clean'))).toMatchObject({ residue: 0 });
    });
  });
});
