import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion, type CheckResult } from '../../../src/api/index.ts';
import { nodes, validators } from '../../../src/control/index.ts';
import { isValid, renderValidated, validateOnce } from '../../../src/cli/run/validate-once.ts';
import { judgeQdisc } from '../../../src/preflight/index.ts';
import { type Machine, startMachine } from '../../control/machine.ts';

describe('validateOnce', () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await startMachine();
    await machine.store.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'lab' }, spec: {} });
  });
  afterEach(async () => {
    await machine.stop();
  });

  const spec = { qdiscs: ['netem'], sysctlRules: [{ name: 'net.core.somaxconn', exists: true, scope: 'pod' }] };
  const validator = { apiVersion, kind: 'NetworkModulesValidator', metadata: { name: 'ready' }, spec };
  const finding = (ok: boolean) => (): CheckResult[] => [
    judgeQdisc({ check: 'qdisc', qdisc: 'netem' }, { ok, message: ok ? '' : 'Error: Specified qdisc not found.' }),
  ];
  const once = async () => {
    const validated = await validateOnce(machine.store, validator, new AbortController().signal);
    if (validated === undefined) throw new Error('nobody cut it off');
    return validated;
  };

  it('says of each node and check what was found and what to do, and leaves nothing in the store', async () => {
    machine.found = finding(false);
    const validated = await once();
    expect(isValid(validated)).toBe(false);
    const [title, node, check, remedy, pods] = renderValidated(validated).split('\n');
    expect(title).toBe('NetworkModulesValidator ready: not valid, 0/1 nodes');
    expect(node).toBe('  lab: Invalid, Linux 6.1.0-test');
    expect(check).toMatch(/^ {4}✗ qdisc netem: expected that the kernel has .*; found .*Specified qdisc not found\.$/);
    expect(remedy).toMatch(/^ {6}load it with 'modprobe sch_netem'/);
    expect(pods).toMatch(/^ {2}checked only as a gate of an experiment.*net\.core\.somaxconn$/);
    expect((await machine.store.list(validators)).items).toEqual([]);
  });

  it('is cut off without a word by a signal, and leaves nothing in the store', async () => {
    machine.silent = () => true;
    expect(await validateOnce(machine.store, validator, AbortSignal.timeout(300))).toBeUndefined();
    expect((await machine.store.list(validators)).items).toEqual([]);
  });

  it('looks anew at each call, also where a validator of the name is there', async () => {
    await machine.store.create(validators, validator);
    machine.found = finding(true);
    expect(isValid(await once())).toBe(true);
    machine.found = finding(false);
    expect(isValid(await once())).toBe(false);
  });
});
