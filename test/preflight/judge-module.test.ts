import { describe, expect, it } from 'vitest';
import { judgeModule, type ModuleListing, moduleState } from '../../src/preflight/index.ts';

const loaded = [
  'br_netfilter 32768 0 - Live 0x0000000000000000',
  'sch_netem 20480 0 - Unloading 0x0000000000000000',
  'bridge 311296 1 br_netfilter, Live 0x0000000000000000',
].join('\n');
const builtin = 'kernel/net/sched/sch_tbf.ko\nkernel/drivers/net/dummy-one.ko.xz\n';
const all: ModuleListing = { loaded, builtin, inSysfs: false };

describe('moduleState', () => {
  it.each([
    ['br_netfilter', all, 'loaded'],
    ['br-netfilter', all, 'loaded'],
    ['netfilter', all, 'absent'],
    ['sch_netem', all, 'absent'],
    ['sch_tbf', all, 'built in'],
    ['dummy_one', all, 'built in'],
    ['sch_htb', all, 'absent'],
    ['sch_htb', { inSysfs: true }, 'built in'],
    ['sch_tbf', { inSysfs: false }, 'untold'],
  ] as const)('of %s with %o is %s', (module, facts, state) => {
    expect(moduleState(module, facts)).toBe(state);
  });
});

describe('judgeModule', () => {
  it.each([
    ['loaded', true, 'loaded'],
    ['built in', true, 'built into the kernel'],
    ['absent', false, 'neither loaded nor built into the kernel'],
    ['untold', false, 'no list of what is built into it'],
  ] as const)('says of a module that is %s that it is so', (state, ok, found) => {
    const result = judgeModule({ check: 'module', module: 'sch_netem' }, state);
    expect(result.ok).toBe(ok);
    expect(result.found).toContain(found);
    expect(result.remedy.includes('modprobe sch_netem')).toBe(!ok);
  });
});
