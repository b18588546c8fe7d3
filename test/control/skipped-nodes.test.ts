import { afterEach, describe, expect, it } from 'vitest';
import { type PreflightCheck, systemNamespace } from '../../src/api/index.ts';
import { nodeTasks, pods } from '../../src/control/index.ts';
import { planRun } from '../../src/control/plan-run.ts';
import {
  describeFailures,
  describeSkipped,
  type NodeCheck,
  nodesToSkip,
  withoutSkipped,
} from '../../src/control/skipped-nodes.ts';
import { systemClock } from '../../src/lib/index.ts';
import { type Machine, startMachine, shortRun } from './machine.ts';
import { pod, request, world } from './world.ts';

const driver: PreflightCheck = { check: 'driver', ways: [] };
const device: PreflightCheck = { check: 'device', podUid: 'uid-payments-1', device: 'eth0' };
const failed = (node: string, check: PreflightCheck = driver): NodeCheck => ({
  node,
  check,
  ok: false,
  expected: 'netem',
  found: 'none',
  remedy: 'load it',
});

/** Payments on the nodes lab and other; where it is measured, from checkout on lab. */
function expected(measured: boolean) {
  const planned = planRun(measured ? request() : request({ entries: [] }), world, 0);
  if (planned.kind !== 'planned') throw new Error(planned.message);
  return planned.tasks;
}

describe('nodes that are left out', () => {
  it.each([
    { title: 'one of two that cannot do the fault', checks: [failed('other')], measured: true, skipped: ['other'] },
    {
      title: 'one of which several checks failed, once',
      checks: [failed('lab'), failed('lab')],
      measured: false,
      skipped: ['lab'],
    },
    {
      title: 'one whose targets fail with it',
      checks: [failed('other'), failed('other', device)],
      measured: true,
      skipped: ['other'],
    },
    { title: 'none where none would be left', checks: [failed('lab'), failed('other')], measured: false, skipped: undefined },
    { title: 'none that a hypothesis is measured from', checks: [failed('lab')], measured: true, skipped: undefined },
    {
      title: 'none where something is wrong with a target alone',
      checks: [failed('other', device)],
      measured: true,
      skipped: undefined,
    },
  ])('are $title', ({ checks, measured, skipped }) => {
    expect(nodesToSkip(expected(measured), checks)?.map(({ node }) => node)).toEqual(skipped);
  });

  it('are told in a few words, however many they are and whatever their checks say', () => {
    const long = { ...failed('other'), found: 'x'.repeat(5000) };
    const many = Array.from({ length: 1000 }, (_, index) => ({ ...long, node: `node-${index}` }));
    const text = describeFailures(many);
    expect(text).toMatch(/^node-0: driver: expected netem.* and 995 more$/);
    expect(text.length).toBeLessThan(10_000);
    expect(describeSkipped(many.map(({ node, found }) => ({ node, message: found }))).length).toBeLessThan(10_000);
    expect(describeFailures([failed('other')])).toBe('other: driver: expected netem, found none; load it');
  });

  it('keep their other tasks, but none of the fault', () => {
    const tasks = expected(true);
    const { fault, ...others } = withoutSkipped(tasks, [{ node: 'other', message: '' }]);
    expect(fault.map(({ spec }) => spec.node)).toEqual(['lab']);
    expect(others).toEqual({ preflight: tasks.preflight, probe: tasks.probe });
    expect(withoutSkipped(tasks)).toEqual(tasks);
  });
});

describe('a run on nodes of which one cannot do the fault', () => {
  let machine: Machine;
  afterEach(async () => {
    await machine.stop();
  });
  const run = async (onUnsupported?: string) => {
    machine = await startMachine();
    machine.found = ({ spec }) => (spec.node === 'other' ? [failed('other')] : undefined);
    const other = pod('payments-1', 11, { app: 'payments', node: 'other' });
    const created = await machine.store.create(pods, other);
    await machine.store.updateStatus(pods, { ...created, status: other.status });
    const selected = { kind: 'selector', namespace: 'shop', targetSelector: { matchLabels: { app: 'payments' } } };
    const faultNodes = new Set<string>();
    machine.answer = ((answer) => (task) => {
      faultNodes.add(task.spec.node);
      return answer(task);
    })(machine.answer);
    const spec = { ...shortRun, fault: { ...shortRun.fault, targets: [selected] } };
    const { status } = await machine.run(onUnsupported === undefined ? spec : { ...spec, onUnsupported });
    return { status, faultNodes: [...faultNodes], otherUid: created.metadata.uid };
  };

  it.each([undefined, 'refuse'])('is refused as a whole with onUnsupported %s', async (onUnsupported) => {
    const { status, faultNodes } = await run(onUnsupported);
    expect(status).toMatchObject({ verdict: 'Refused', reason: 'PreflightRefused' });
    expect(status?.message).toContain('other: driver: expected netem, found none; load it');
    expect(faultNodes).toEqual([]);
  });

  it('hurts only the targets on the others with onUnsupported skip, says whom it skipped, and leaves nothing', async () => {
    const { status, faultNodes, otherUid } = await run('skip');
    expect(status).toMatchObject({ verdict: 'Passed', residue: 0, run: { skipped: [{ node: 'other' }] } });
    expect(status?.conditions.find(({ type }) => type === 'PreflightPassed')).toMatchObject({
      status: 'True',
      reason: 'NodesSkipped',
      message: 'other: driver: expected netem, found none; load it',
    });
    expect(faultNodes).toEqual(['lab']);
    expect(machine.journal).toContainEqual({ type: 'target', uid: otherUid, phase: 'Skipped', reason: 'Unsupported' });
    const warnings = machine.journal.flatMap((entry) => (entry.type === 'warning' ? [entry.message] : []));
    expect(warnings).toEqual([expect.stringContaining('1 target on other skipped, which cannot do the fault')]);
    while ((await machine.store.list(nodeTasks, { namespace: systemNamespace })).items.length > 0) await systemClock.sleep(20);
  });
});
