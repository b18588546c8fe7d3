import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion, type CheckResult, type NodeTask } from '../../src/api/index.ts';
import { nodeTasks, validators } from '../../src/control/index.ts';
import { judgeSysctl } from '../../src/preflight/index.ts';
import { type Machine, shortRun, startMachine } from './machine.ts';

const sysctl = 'net.ipv4.ip_forward';

/** What an agent finds of sysctls on a node where each is `value`. */
const finding = (value: string) => (task: NodeTask) =>
  task.spec.checks?.flatMap((check): CheckResult[] => (check.check === 'sysctl' ? [judgeSysctl(check, value)] : []));

describe('an experiment whose preflight names a validator', () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await startMachine();
  });
  afterEach(async () => {
    await machine.stop();
  });

  const gated = { ...shortRun, preflight: [{ ref: 'forwards' }] };
  const define = async () => {
    const metadata = { name: 'forwards' };
    const spec = { sysctls: { [sysctl]: 1 } };
    await machine.store.create(validators, { apiVersion, kind: 'NetworkModulesValidator', metadata, spec });
  };

  it('is refused where a node does not meet it, before any fault is ordered, and says what to do', async () => {
    await define();
    const works = new Set<string>();
    machine.found = (task) => {
      works.add(task.spec.work);
      return finding('0')(task);
    };
    const { status } = await machine.run(gated);
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'PreflightRefused' });
    expect(status?.message).toMatch(/lab: sysctl: expected net\.ipv4\.ip_forward is 1, found 0; set it with 'sysctl -w/);
    expect([...works]).toEqual(['preflight']);
    const [preflight] = machine.journal.filter((entry) => entry.type === 'preflight');
    expect(preflight).toMatchObject({ ok: false, checks: [{ node: 'lab', name: `sysctl ${sysctl}`, ok: false, found: '0' }] });
  });

  it('runs where every node meets it', async () => {
    await define();
    machine.found = finding('1');
    const { status } = await machine.run(gated);
    expect(status?.reason).not.toBe('PreflightRefused');
    expect(status?.run.touched).toBe(true);
  }, 30_000);

  it('is refused where there is no such validator, and no task is made', async () => {
    const { status } = await machine.run(gated);
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'NotFound' });
    expect((await machine.store.list(nodeTasks)).items).toEqual([]);
  });
});
