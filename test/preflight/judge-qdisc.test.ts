import { describe, expect, it } from 'vitest';
import { remedyOfCapability } from '../../src/preflight/capabilities.ts';
import { judgeQdisc, qdiscTrial, unknownSystem } from '../../src/preflight/index.ts';

const check = { check: 'qdisc', qdisc: 'netem' } as const;

describe('judgeQdisc', () => {
  it.each(['Error: Specified qdisc kind is unknown.', 'Error: Specified qdisc not found.'])(
    "takes tc's '%s' for a kernel without it",
    (message) => {
      const result = judgeQdisc(check, { ok: false, message });
      expect(result).toMatchObject({ ok: false, found: `the kernel has none: ${message}` });
      expect(result.remedy).toContain('modprobe sch_netem');
    },
  );

  it('says what to do by the distribution, as the checks of faults do', () => {
    const talos = { ...unknownSystem, distribution: 'talos' as const };
    const remedies = [unknownSystem, talos].map(
      (system) => judgeQdisc(check, { ok: false, message: 'Error: Specified qdisc not found.' }, system).remedy,
    );
    expect(remedies[0]).not.toBe(remedies[1]);
    expect(remedies[1]).toBe(remedyOfCapability('netem', talos));
  });

  it('does not say that a kernel lacks what could not be tried', () => {
    const result = judgeQdisc(
      { check: 'qdisc', qdisc: 'mq' },
      { ok: false, message: 'RTNETLINK answers: Operation not supported' },
    );
    expect(result.ok).toBe(false);
    expect(result.found).toBe('it could not be tried on lo: RTNETLINK answers: Operation not supported');
  });

  it('is content with what tc added', () => {
    expect(judgeQdisc(check, { ok: true, message: '' })).toMatchObject({ ok: true, remedy: '' });
  });
});

it.each([
  ['netem', 'qdisc add dev lo root netem'],
  ['clsact', 'qdisc add dev lo clsact'],
  ['tbf', 'qdisc add dev lo root tbf rate 10gbit burst 3000 limit 1mb'],
])('a trial of %s gives tc what it wants to hear', (qdisc, words) => {
  expect(qdiscTrial(qdisc).join(' ')).toBe(words);
});
