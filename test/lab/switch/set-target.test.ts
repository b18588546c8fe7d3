import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LabPlan } from '../../../src/lab/plan.ts';
import { isRunning, readBootId, readStartTime } from '../../../src/lab/process-table.ts';
import { readRecord, type StartedProcess, switchKey, writeRecord } from '../../../src/lab/record.ts';
import { setLabSflowTarget } from '../../../src/lab/switch/set-target.ts';
import { SquallError } from '../../../src/lib/index.ts';

const [old, wanted] = [
  { host: '127.0.0.1', port: 6343 },
  { host: '127.0.0.1', port: 7343 },
];
const key = switchKey('sflow-relay');

describe('a lab that is pointed at another collector', () => {
  let place: { stateFolder: string; instance: string };
  const pids: number[] = [];
  const startSleeper = (): StartedProcess => {
    const { pid = 0 } = spawn('sleep', ['1000'], { stdio: 'ignore' });
    pids.push(pid);
    return { pid, startTime: readStartTime(pid) ?? 0, ready: true };
  };
  beforeEach(async () => {
    place = { stateFolder: mkdtempSync(join(tmpdir(), 'squall-target-test-')), instance: 'abcd' };
    const plan = { instance: 'abcd', switch: { sampling: 1, pollingSeconds: 1, headerBytes: 64, collectors: [old] } };
    await writeRecord(place.stateFolder, {
      ...{ version: 1, bootId: readBootId(), phase: 'up', maker: { pid: 1, startTime: 0 } },
      plan: plan as unknown as LabPlan,
      processes: { [key]: startSleeper() },
    });
  });
  afterEach(() => {
    for (const pid of pids.splice(0)) if (readStartTime(pid) !== undefined) process.kill(pid, 'SIGKILL');
    rmSync(place.stateFolder, { recursive: true, force: true });
  });

  const told: unknown[] = [];
  /** Starts of which those fail whose place in the list says so. */
  const starting = (...fails: boolean[]): Parameters<typeof setLabSflowTarget>[2] => {
    told.length = 0;
    return ({ settings }) => {
      told.push(settings.collectors);
      if (fails[told.length - 1] === true) return Promise.reject(new SquallError('LabFailed', `no relay ${String(told.length)}`));
      return Promise.resolve(startSleeper());
    };
  };

  it('has one relay, to the new one', async () => {
    const before = (await readRecord(place.stateFolder))?.processes[key] ?? expect.fail();
    expect(await setLabSflowTarget(place, wanted, starting())).toBe(true);
    const record = await readRecord(place.stateFolder);
    expect([isRunning(before), record?.plan.switch?.collectors]).toEqual([false, [wanted]]);
    expect(record?.processes[key]?.pid).toBe(pids.at(-1));
  });

  it('exports to the old one again where that fails, and says so', async () => {
    await expect(setLabSflowTarget(place, wanted, starting(true))).rejects.toMatchObject({
      code: 'LabFailed',
      message: 'no relay 1; it exports to 127.0.0.1 port 6343, as before',
    });
    expect(told).toEqual([[wanted], [old]]);
    const record = await readRecord(place.stateFolder);
    expect(record?.plan.switch?.collectors).toEqual([old]);
    const relay = record?.processes[key] ?? expect.fail();
    expect([relay.pid, isRunning(relay)]).toEqual([pids.at(-1), true]);
  });

  it('says that nothing is exported where not even that can be done, and can be told again', async () => {
    await expect(setLabSflowTarget(place, wanted, starting(true, true))).rejects.toMatchObject({
      code: 'LabFailed',
      message: 'no relay 1; it exports nothing any more (no relay 2); bring the lab up anew',
    });
    expect(await setLabSflowTarget(place, old, starting())).toBe(true);
    expect(told).toEqual([[old]]);
  });

  it('is told only where it is up', async () => {
    const record = (await readRecord(place.stateFolder)) ?? expect.fail();
    await writeRecord(place.stateFolder, { ...record, phase: 'making' });
    expect(await setLabSflowTarget(place, wanted, starting())).toBe(false);
    expect(told).toEqual([]);
  });
});
