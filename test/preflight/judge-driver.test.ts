import { describe, expect, it } from 'vitest';
import type { Capability, DriverWay } from '../../src/api/index.ts';
import { judgeDriver, unknownSystem } from '../../src/preflight/index.ts';

const netem: DriverWay = { driver: 'netem', does: true, capabilities: ['netem', 'prio'] };
const htb: DriverWay = { driver: 'htb', does: true, capabilities: ['htb', 'bpf-filter'] };
const missing = 'Error: Specified qdisc kind is unknown.';
const said = `QdiscMissing: the kernel has no queueing discipline of this kind (tc says: ${missing})`;
/** All are there but these. */
const trials = (...lacking: Capability[]) =>
  new Map(
    [...netem.capabilities, ...htb.capabilities].map((one) => {
      const ok = !lacking.includes(one);
      return [one, { ok, message: ok ? '' : missing }];
    }),
  );
const judge = (ways: DriverWay[], ...lacking: Capability[]) =>
  judgeDriver({ check: 'driver', ways }, trials(...lacking), unknownSystem);

describe('judgeDriver', () => {
  it.each([
    { ways: [netem, htb], lacking: [], driver: 'netem' },
    { ways: [netem, { ...htb, does: false }], lacking: [], driver: 'netem' },
    { ways: [netem, htb], lacking: ['netem'], driver: 'htb' },
    { ways: [netem, htb], lacking: ['prio'], driver: 'htb' },
    { ways: [netem, htb], lacking: ['htb'], driver: 'netem' },
  ] as const)('takes the first that does the fault and lacks nothing: $driver without $lacking', ({ ways, lacking, driver }) => {
    expect(judge([...ways], ...lacking)).toMatchObject({ ok: true, driver, found: `driver ${driver}`, remedy: '' });
  });

  it('names, for a fault that only netem does, the module, the packages that have it and what can be done without', () => {
    const result = judge([netem, { ...htb, does: false }], 'netem', 'prio');
    expect(result).toMatchObject({ ok: false, expected: 'a driver for the fault: netem (netem, prio)' });
    expect(result.driver).toBeUndefined();
    expect(result.found).toBe(
      `driver netem lacks netem: ${said}; driver htb is available, but does only loss without bursts, partition and rate`,
    );
    for (const word of [
      'sch_netem',
      'Ubuntu and its minimal',
      'linux-modules-extra',
      'RHEL',
      'kernel-modules-extra',
      'Debian',
      'WSL2',
    ]) {
      expect(result.remedy).toContain(word);
    }
  });

  it('names what each driver lacks where none can act', () => {
    expect(judge([netem, htb], 'netem', 'bpf-filter')).toMatchObject({
      ok: false,
      found: `driver netem lacks netem: ${said}; driver htb lacks bpf-filter: ${said}`,
    });
  });

  it('does not take for there what was not tried', () => {
    const { ok, found } = judgeDriver({ check: 'driver', ways: [netem] }, new Map(), unknownSystem);
    expect([ok, found]).toEqual([false, 'driver netem lacks netem: not tried']);
  });
});
