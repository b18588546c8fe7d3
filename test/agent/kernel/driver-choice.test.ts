import { describe, expect, it } from 'vitest';
import { createDriverChoice, createEgressChoice } from '../../../src/agent/kernel/driver-choice.ts';
import type { Capability } from '../../../src/api/index.ts';

/** What programs say of a kernel that has it not. */
const lackingWords: Partial<Record<Capability, string>> = {
  netem: 'Error: Specified qdisc kind is unknown.',
  prio: 'Error: Specified qdisc kind is unknown.',
  ifb: 'Error: Unknown device type.',
  'nft-forward-egress': 'Error: Could not process rule: Operation not supported',
};

function choiceOn(kernel: { has: Capability[]; fails?: boolean; says?: string }) {
  const clock = { nowMs: 0, monotonic: () => clock.nowMs };
  const seen = { trials: 0 };
  const tryCapability = (capability: Capability) => {
    seen.trials += 1;
    if (kernel.fails === true) return Promise.reject(new Error('no program could be started'));
    const ok = kernel.has.includes(capability);
    return Promise.resolve({ ok, message: ok ? '' : (kernel.says ?? lackingWords[capability] ?? '') });
  };
  return {
    choose: createDriverChoice(clock, tryCapability),
    chooseEgress: createEgressChoice(clock, tryCapability),
    clock,
    seen,
  };
}

describe('the choice of a driver', () => {
  it.each<[Capability[], string]>([
    [['netem', 'prio'], 'netem'],
    [['netem'], 'htb'],
    [['prio'], 'htb'],
    [[], 'htb'],
  ])('on a kernel with %j is %s', async (has, driver) => {
    expect(await choiceOn({ has }).choose()).toBe(driver);
  });

  it('is asked once for many targets, and kept for good where there is netem', async () => {
    const { choose, clock, seen } = choiceOn({ has: ['netem', 'prio'] });
    await Promise.all([choose(), choose(), choose()]);
    clock.nowMs = 1e9;
    expect([await choose(), seen.trials]).toEqual(['netem', 2]);
  });

  it('notices within ten seconds that somebody has loaded netem', async () => {
    const kernel = { has: [] as Capability[] };
    const { choose, clock, seen } = choiceOn(kernel);
    expect(await choose()).toBe('htb');
    kernel.has = ['netem', 'prio'];
    expect([await choose(), seen.trials]).toEqual(['htb', 2]);
    clock.nowMs = 10_000;
    expect([await choose(), seen.trials]).toEqual(['netem', 4]);
  });

  it('does not take a trial that failed for another reason for a kernel without netem', async () => {
    const kernel = { has: [] as Capability[], says: 'unshare: unshare failed: No space left on device' };
    const { choose } = choiceOn(kernel);
    await expect(choose()).rejects.toThrow(/^TrialFailed: .*No space left on device/);
    kernel.has = ['netem', 'prio'];
    expect(await choose()).toBe('netem');
  });

  it('keeps nothing of a trial that could not be made', async () => {
    const kernel = { has: ['netem', 'prio'] as Capability[], fails: true };
    const { choose } = choiceOn(kernel);
    await expect(choose()).rejects.toThrow('no program');
    kernel.fails = false;
    expect(await choose()).toBe('netem');
  });
});

describe('the choice of a way for what goes out', () => {
  it.each<[Capability[], string]>([
    [['ifb', 'nft-forward-egress'], 'own-device'],
    [['ifb', 'nft-forward-ingress'], 'own-root'],
    [['nft-forward-egress'], 'own-root'],
    [['netem', 'prio'], 'own-root'],
  ])('on a kernel with %j is %s', async (has, way) => {
    expect(await choiceOn({ has }).chooseEgress()).toBe(way);
  });

  it('does not take a trial that failed for another reason for a kernel that lacks it: a root of ours would stay for long', async () => {
    const kernel = { has: ['ifb'] as Capability[], says: 'unshare: fork failed: Cannot allocate memory' };
    const { chooseEgress } = choiceOn(kernel);
    await expect(chooseEgress()).rejects.toThrow(
      /^TrialFailed: whether this kernel has nft-forward-egress .*Cannot allocate memory/,
    );
    kernel.has = ['ifb', 'nft-forward-egress'];
    expect(await chooseEgress()).toBe('own-device');
  });

  it('notices within ten seconds that somebody has loaded what was missing, and keeps that for good', async () => {
    const kernel = { has: ['nft-forward-egress'] as Capability[] };
    const { chooseEgress, clock, seen } = choiceOn(kernel);
    expect(await chooseEgress()).toBe('own-root');
    kernel.has = ['ifb', 'nft-forward-egress'];
    expect([await chooseEgress(), seen.trials]).toEqual(['own-root', 2]);
    clock.nowMs = 10_000;
    expect([await chooseEgress(), seen.trials]).toEqual(['own-device', 4]);
    clock.nowMs = 1e9;
    expect([await chooseEgress(), seen.trials]).toEqual(['own-device', 4]);
  });
});
