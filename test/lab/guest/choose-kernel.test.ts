import { describe, expect, it } from 'vitest';
import {
  chooseKernel,
  gatherKernelFacts,
  type GuestMode,
  type NetemTrial,
  readNetemTrial,
} from '../../../src/lab/guest/choose-kernel.ts';
import { codeOf } from '../../../src/lib/index.ts';

const works: NetemTrial = { outcome: 'works' };
const missing: NetemTrial = { outcome: 'missing', text: 'Specified qdisc kind is unknown.' };
const refused: NetemTrial = { outcome: 'refused', text: 'Operation not permitted' };
const toolMissing: NetemTrial = { outcome: 'toolMissing', text: "the program 'tc' is not installed" };

function outcome(mode: GuestMode, facts: Parameters<typeof chooseKernel>[1]): string {
  try {
    return chooseKernel(mode, facts).where;
  } catch (error) {
    return codeOf(error);
  }
}

describe('chooseKernel', () => {
  it.each([
    // mode, user, inside the guest, trial, outcome
    ['auto', 0, false, works, 'host'],
    ['auto', 0, false, missing, 'guest'],
    ['auto', 0, false, refused, 'guest'],
    ['auto', 0, false, toolMissing, 'ToolMissing'],
    ['auto', 1000, false, missing, 'PermissionDenied'],
    ['auto', 1000, false, refused, 'PermissionDenied'],
    ['always', 0, false, works, 'guest'],
    ['always', 0, false, missing, 'guest'],
    ['always', 0, false, toolMissing, 'ToolMissing'],
    ['always', 1000, false, works, 'PermissionDenied'],
    ['never', 0, false, works, 'host'],
    ['never', 0, false, missing, 'host'],
    ['never', 0, false, refused, 'KernelRefused'],
    ['never', 1000, false, refused, 'PermissionDenied'],
    ['auto', 0, true, works, 'host'],
    ['always', 0, true, missing, 'host'],
    ['never', 0, true, missing, 'host'],
  ] as const)('with %s, user %i, inside the guest %s and %o: %s', (mode, userId, insideGuest, netem, expected) => {
    expect(outcome(mode, { userId, insideGuest, netem })).toBe(expected);
  });

  it.each([
    ['auto', works, 'host', 'netem'],
    ['auto', missing, 'host', 'htb'],
    ['never', missing, 'host', 'htb'],
    ['always', missing, 'guest', 'netem'],
    ['auto', refused, 'guest', 'netem'],
  ] as const)('with %s and a lab that has Open vSwitch, and %o: %s, by %s', (mode, netem, where, driver) => {
    expect(chooseKernel(mode, { userId: 0, insideGuest: false, netem, hasOpenVswitch: true })).toMatchObject({ where, driver });
  });

  it('says what tc said and what helps when the guest is forbidden', () => {
    const choose = () => chooseKernel('never', { userId: 0, insideGuest: false, netem: refused });
    expect(choose).toThrow(/Operation not permitted.*modprobe sch_netem.*--guest auto/);
  });

  it('leaves a kernel without netem to the driver htb when the guest is forbidden', () => {
    expect(chooseKernel('never', { userId: 0, insideGuest: false, netem: missing })).toEqual({
      where: 'host',
      driver: 'htb',
      why: expect.stringMatching(/no netem.*Specified qdisc kind is unknown.*only loss, partition and rate/) as string,
    });
  });
});

describe('readNetemTrial', () => {
  it.each([
    { code: 0, stderr: '', outcome: 'works' },
    { code: 2, stderr: 'Error: Specified qdisc kind is unknown.\n', outcome: 'missing' },
    { code: 2, stderr: 'Error: Specified qdisc not found.\n', outcome: 'missing' },
    { code: 1, stderr: 'unshare: unshare failed: Operation not permitted\n', outcome: 'refused' },
    { code: 127, stderr: 'unshare: failed to execute tc: No such file or directory\n', outcome: 'toolMissing' },
  ])('reads code $code and "$stderr" as $outcome', ({ code, stderr, outcome: expected }) => {
    expect(readNetemTrial({ code, signal: null, stdout: '', stderr }).outcome).toBe(expected);
  });
});

describe('gatherKernelFacts', () => {
  it('tries this kernel and leaves no network namespace or qdisc behind', async () => {
    const facts = await gatherKernelFacts({ ...process.env, SQUALL_GUEST: undefined });
    expect(['works', 'missing', 'refused']).toContain(facts.netem.outcome);
    expect(facts.insideGuest).toBe(false);
  });

  it('knows the guest by its environment, without a trial', async () => {
    expect(await gatherKernelFacts({ SQUALL_GUEST: '1' })).toMatchObject({ insideGuest: true });
  });
});
