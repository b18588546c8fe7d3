import { describe, expect, it } from 'vitest';
import { moduleHint } from '../../src/preflight/index.ts';

const facts = { kernelTakesModules: true, isLoadingDisabled: false };
const installed = 'kernel/net/sched/sch_netem.ko.xz:\nkernel/net/sched/sch_prio_other.ko: kernel/lib/sch_prio.ko\n';

describe('a hint at a missing module', () => {
  it.each([
    ['a kernel without modules', { ...facts, kernelTakesModules: false, installed }, /built without loadable modules/],
    ['loading switched off', { ...facts, isLoadingDisabled: true, installed }, /kernel\.modules_disabled/],
    ['a file that was not loaded', { ...facts, installed }, /sch_netem is installed, but was not loaded/],
    ['no such file', { ...facts, installed: '' }, /no file of the module sch_netem/],
  ])('tells %s', (_, known, words) => {
    expect(moduleHint('sch_netem', known)).toMatch(words);
  });

  it('takes for its file neither one of a longer name nor one that another depends on', () => {
    expect(moduleHint('sch_prio', { ...facts, installed })).toMatch(/no file of the module sch_prio/);
  });

  it('says nothing where nothing is known', () => {
    expect(moduleHint('sch_netem', facts)).toBeUndefined();
  });
});
