import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Fault, readSpec, type ShaperPart } from '../../../src/api/index.ts';
import { manifestOf } from '../../../src/cli/commands/profile.ts';

const target = { namespace: 'shop', target: ['shop/checkout'] };
const partsOf = (text: string, options: Partial<Parameters<typeof manifestOf>[2]> = {}): ShaperPart[] => {
  const { spec } = parse(manifestOf('wan.csv', text, { ...target, ...options })) as { spec: unknown };
  return readSpec('NetworkTrafficShaper', spec).parts;
};

/** Of what acts at a moment. */
function faultAt({ fault, steps }: ShaperPart, atMs: number): Fault {
  return steps.findLast((step) => step.atMs <= atMs)?.fault ?? fault;
}

const row = fc.record({
  gapMs: fc.integer({ min: 1000, max: 90_000 }),
  rttUs: fc.oneof(fc.constantFrom(0, 1, 20_000), fc.integer({ min: 0, max: 274_877_906 })),
  loss: fc.oneof(fc.constantFrom(0, 1, 250_000), fc.integer({ min: 0, max: 10_000_000 })),
});

describe('a shaper made of a profile', () => {
  it('does at every moment what the profile says of it, and the least there is where it says 0', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(6_000_000), { maxLength: 20 }),
        (rows, moments) => {
          let time = 0;
          const timed = rows.map((one, index) => ({ ...one, atMs: (time += index === 0 ? 0 : one.gapMs) }));
          const lines = timed.map(({ atMs, rttUs, loss }) => [atMs / 1000, rttUs / 1000, (loss / 100_000).toFixed(5)].join(','));
          const [delay, losing] = partsOf(['seconds,rtt_ms,loss_percent', ...lines].join('\r\n'));
          if (delay === undefined || losing === undefined) throw new Error('expected two parts');
          expect([delay.targets, delay.direction]).toEqual([losing.targets, 'egress']);
          for (const moment of [...moments, ...timed.flatMap(({ atMs }) => [atMs, atMs + 999])]) {
            const said = timed.findLast(({ atMs }) => atMs <= moment);
            expect(faultAt(delay, moment)).toMatchObject({
              type: 'delay',
              delayMs: expect.closeTo(Math.max(said?.rttUs ?? 0, 1) / 1000, 6) as number,
            });
            expect(faultAt(losing, moment)).toMatchObject({
              type: 'loss',
              percent: expect.closeTo(Math.max(said?.loss ?? 0, 1) / 100_000, 8) as number,
            });
          }
        },
      ),
    );
  });

  it('has one configuration where one quantity was recorded, and rows that say the same are one', () => {
    const [part, ...others] = partsOf('time,rtt\n0,20\n0.5,20.000\n3,30\n3.2,30\n10,20\n');
    expect(others).toEqual([]);
    expect(part?.fault).toMatchObject({ type: 'delay', delayMs: 20 });
    expect(part?.steps.map(({ atMs }) => atMs)).toEqual([3000, 10_000]);
    expect(partsOf('loss,seconds\n1.5,0')).toMatchObject([{ fault: { type: 'loss', percent: 1.5, burst: 1 }, steps: [] }]);
  });

  it('takes up to 300 changes', () => {
    const text = (count: number) =>
      ['seconds,rtt', ...Array.from({ length: count + 1 }, (_, index) => `${String(index)},${String(index + 1)}`)].join('\n');
    expect(partsOf(text(300))[0]?.steps).toHaveLength(300);
    expect(() => partsOf(text(301))).toThrow(/^wan\.csv:303:1: rtt changes 301 times; expected at most 300; write fewer rows/);
  });

  it('hurts the pods that are named, or those of a selector', () => {
    const targetsOf = (options: Parameters<typeof partsOf>[1]) => partsOf('seconds,rtt\n0,20', options)[0]?.targets;
    expect(targetsOf({ target: ['a', 'other/b'] })).toEqual([
      { kind: 'pod', namespace: 'shop', name: 'a' },
      { kind: 'pod', namespace: 'other', name: 'b' },
    ]);
    const selector = { matchLabels: { app: 'payments', tier: '' } };
    expect(targetsOf({ target: [], selector: 'app=payments, tier=' })).toEqual([
      { kind: 'selector', namespace: 'shop', selector, mode: { mode: 'all' } },
    ]);
  });
});

describe('a profile that is refused', () => {
  it.each<[string, string, RegExp]>([
    ['an empty file', '', /:1:1: '' is no column that is known/],
    ['an unknown column', 'seconds,rtt,host', /:1:13: 'host' is no column that is known; expected some of seconds, .*remove it/],
    ['RTT in another unit', 'seconds,rtt_us\n0,1', /:1:9: 'rtt_us' is no column/],
    ['one quantity twice', 'seconds,rtt,rtt_ms\n0,1,1', /:1:13: 'rtt_ms' is a second column of rtt/],
    ['no time', 'rtt,loss\n1,1', /:1:1: the column seconds is missing/],
    ['nothing but time', 'seconds\n0', /:1:1: expected a column rtt/],
    ['no rows', 'seconds,rtt\n\n', /:2:1: the first row of figures is missing/],
    ['a row that is too short', 'seconds,rtt\n0,1\n1', /:3:1: 1 fields; expected 2/],
    ['a row that is too long', 'seconds,rtt\n0,1,7', /:2:5: 3 fields; expected 2/],
    ['an empty line within', 'seconds,rtt\n0,1\n\n2,1', /:3:1: 1 fields/],
    ['a unit in a field', 'seconds,rtt\n0, 20ms', /:2:4: rtt is '20ms'; expected milliseconds from 0/],
    ['a negative figure', 'seconds,loss\n0,-1', /:2:3: loss is '-1'; expected a percentage/],
    ['more than all', 'seconds,loss\n0,100.1', /:2:3: loss is '100\.1'/],
    ['less than the least loss', 'seconds,loss\n0,0.000001', /:2:3: loss is .* at most 5 decimals/],
    ['an exponent', 'seconds,loss\n0,1e1', /:2:3: loss is '1e1'/],
    ['nanoseconds', 'seconds,rtt\n0,0.0001', /:2:3: rtt is .* at most 3 decimals/],
    ['a delay that tc cuts', 'seconds,rtt\n0,274878', /:2:3: rtt is '274878'/],
    ['time since 1970', 'seconds,rtt\n1700000000,20', /:2:1: time is '1700000000'; expected seconds since the first row/],
    ['a beginning after 0', 'seconds,rtt\n1,20', /:2:1: the first row is at second 1; expected 0, .*subtract it/],
    ['time that goes back', 'seconds,rtt\n0,1\n5,2\n4,3', /:4:1: second 4 is not later than the row before \(5\)/],
    ['time that stands still', 'seconds,rtt\n0,1\n0,1', /:3:1: second 0 is not later/],
    [
      'changes that are too quick',
      'seconds,rtt\n0,1\n5,2\n5.9,3',
      /:4:1: rtt changes 900ms after its change in line 3; expected at least 1s/,
    ],
    ['a first change that is too early', 'seconds,rtt\n0,1\n0.5,2', /:3:1: rtt changes 500ms after its change in line 2/],
  ])('has %s', (_, text, message) => {
    expect(() => partsOf(text)).toThrow(message);
  });

  it.each<[string, Partial<Parameters<typeof manifestOf>[2]>, RegExp]>([
    ['nobody who gets it', { target: [] }, /expected either --target NAMESPACE\/NAME or --selector/],
    ['both ways to say who gets it', { selector: 'app=a' }, /expected either/],
    ['a target that is no name', { target: ['a/b/c'] }, /--target is 'a\/b\/c'; expected a pod as NAMESPACE\/NAME/],
    ['a selector that is none', { target: [], selector: 'app!=a' }, /--selector is 'app!=a'; expected LABEL=VALUE/],
    ['a name that no object may have', { name: 'My Profile' }, /metadata\.name: expected a name/],
  ])('has %s', (_, options, message) => {
    expect(() => partsOf('seconds,rtt\n0,1', options)).toThrow(message);
  });
});
