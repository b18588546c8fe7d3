import { describe, expect, it } from 'vitest';
import { type Facts, initialState, type Plan, type RunState, type SignalFact, step } from '../../src/experiment/index.ts';
import { armed, noFacts, observation, plan, signal } from './arbitraries.ts';

type State = SignalFact['state'];

const steady = { reaches: [observation()] };
const active: Facts['fault'] = {
  targets: [{ uid: 'a', name: 'shop/a', phase: 'Active', activeAt: 9900 }],
  residue: 0,
  changedByOthers: [],
  dose: [],
};
const armedPlan = plan({ abort: [armed] });

/** The machine led by hand: every row is the time, what the monitor says then, and what else was gathered. */
function lead(
  rows: [now: number, state: State, facts?: Partial<Facts>][],
  from = initialState(0),
  of: Plan = armedPlan,
): RunState {
  return rows.reduce((state, [now, said, facts]) => {
    const gathered = { ...noFacts, signals: [signal(said, { at: now - 50 })], ...facts };
    return step(of, state, { type: 'facts', facts: gathered }, now).state;
  }, from);
}

const checked: Partial<Facts> = { preflight: { ok: true } };
const probed: Partial<Facts> = { probesReadyAt: 1500 };
const measured: Partial<Facts> = { observed: { before: steady } };
const way: [number, State, Partial<Facts>][] = [
  [0, 'waiting', {}],
  [1000, 'quiet', checked],
  [2000, 'quiet', probed],
  [9500, 'quiet', measured],
  [10_000, 'quiet', { fault: active }],
];
type Place = { at: RunState; now: number; facts: Partial<Facts>; next: string };
/** A run at each of the places where it looks at its signals, and what would lead it on. */
const places = {
  preflight: { at: lead(way.slice(0, 1)), now: 1000, facts: checked, next: 'before' },
  before: { at: lead(way.slice(0, 2)), now: 2000, facts: probed, next: 'before' },
  brink: { at: lead(way.slice(0, 3)), now: 9500, facts: measured, next: 'inject' },
  inject: { at: lead(way.slice(0, 4)), now: 10_000, facts: { fault: active }, next: 'during' },
  during: { at: lead(way), now: 12_000, facts: { fault: active }, next: 'during' },
} satisfies Record<string, Place>;

const goesOn = 'goes on';
/** What becomes of the run where the monitor says so once, and what where it keeps to it for ten seconds more. */
const table: [place: keyof typeof places, state: State, once: string, kept: string][] = [
  ['preflight', 'quiet', goesOn, goesOn],
  ['preflight', 'learning', goesOn, goesOn],
  ['preflight', 'waiting', 'waits', 'refused SignalNotReady'],
  ['preflight', 'firing', 'refused SignalFiring', ''],
  ['preflight', 'missing', 'waits', 'refused MonitorNotFound'],
  ['preflight', 'undecidable', 'waits', 'refused SignalUndecidable'],
  ['preflight', 'lost', 'waits', 'refused SignalLost'],
  ['before', 'quiet', goesOn, goesOn],
  ['before', 'learning', goesOn, goesOn],
  ['before', 'waiting', goesOn, goesOn],
  ['before', 'firing', 'refused SignalFiring', ''],
  ['before', 'missing', 'refused MonitorNotFound', ''],
  ['before', 'undecidable', 'refused SignalUndecidable', ''],
  ['before', 'lost', 'refused SignalLost', ''],
  ['brink', 'quiet', goesOn, goesOn],
  ['brink', 'learning', 'waits', 'refused BaselineTooShort'],
  ['brink', 'waiting', 'waits', 'refused SignalNotReady'],
  ['brink', 'firing', 'refused SignalFiring', ''],
  ['brink', 'missing', 'refused MonitorNotFound', ''],
  ['brink', 'undecidable', 'refused SignalUndecidable', ''],
  ['brink', 'lost', 'refused SignalLost', ''],
  ...(['inject', 'during'] as const).flatMap((place): typeof table => [
    [place, 'quiet', goesOn, goesOn],
    [place, 'learning', goesOn, 'aborted SignalLost'],
    [place, 'waiting', goesOn, 'aborted SignalLost'],
    [place, 'firing', 'aborted MonitorFired', ''],
    [place, 'missing', 'aborted SignalLost', ''],
    [place, 'undecidable', 'aborted SignalUndecidable', ''],
    [place, 'lost', 'aborted SignalLost', ''],
  ]),
];

function outcome({ ending, phase }: RunState, { at, next }: Place): string {
  if (ending) return `${ending.kind} ${ending.reason}`;
  return phase === at.phase && phase !== next ? 'waits' : goesOn;
}

describe('an armed monitor', () => {
  it.each(table)('in %s that is %s: the run %s, and in the end %s', (name, said, once, kept) => {
    const place: Place = places[name];
    const first = lead([[place.now, said, place.facts]], place.at);
    expect(outcome(first, place)).toBe(once);
    if (kept === '') {
      expect(first.phase).toBe(first.touched ? 'undo' : 'done');
      expect(first.ending?.message).toBe(`it is ${said}`);
      return;
    }
    const seconds = Array.from({ length: 10 }, (_, index) => place.now + (index + 1) * 1000);
    // In `before` and `during` it is the time that leads on; what is asked here is whether the monitor lets it.
    const limits = { ...armedPlan.limits, probeStartMs: 60_000 };
    const longer = { ...armedPlan, limits, beforeMs: name === 'before' ? 60_000 : armedPlan.beforeMs, durationMs: 60_000 };
    const last = seconds.reduce((state, now) => lead([[now, said, { ...place.facts, fault: active }]], state, longer), first);
    if (kept === goesOn) expect(last.ending).toBeUndefined();
    else expect(outcome(last, place)).toBe(kept);
  });

  it('that waits at first does not hold up a run for longer than it waits', () => {
    const waited = lead(
      [
        [1000, 'waiting', checked],
        [9000, 'waiting', checked],
        [10_000, 'learning', checked],
      ],
      places.preflight.at,
    );
    expect(waited.phase).toBe('before');
    expect(waited.unclearSince).toBeUndefined();
  });

  it('gives its baseline three seconds from the end of what is measured, and the fault goes in when it is there', () => {
    const begun = lead(
      [
        [9500, 'learning', measured],
        [11_900, 'learning', measured],
        [12_300, 'quiet', measured],
      ],
      places.brink.at,
    );
    expect(begun).toMatchObject({ phase: 'inject', dirty: true });
    expect(begun.results).toHaveLength(1);
  });

  it('tells what it has said with the ending, and when it happened', () => {
    const crossing = {
      flow: '10.0.0.1',
      value: 812,
      unit: 'frames',
      limit: 300,
      agent: '10.0.0.254',
      dataSource: '3',
      samples: 13,
    };
    const signals = [signal('firing', { ...crossing, at: 11_950 })];
    const state = lead([[12_000, 'firing', { fault: active, signals }]], places.during.at);
    expect(state.ending).toEqual({
      kind: 'aborted',
      reason: 'MonitorFired',
      message: 'it is firing',
      at: 11_950,
      signal: { monitor: 'shop-traffic', threshold: 'retry-storm', state: 'firing', ...crossing },
    });
    expect(state).toMatchObject({ endingAt: 12_000, windows: { during: { to: 12_000 } } });
  });

  it('adds the notification that is made after it, and nothing that comes later', () => {
    const fired = lead([[12_000, 'firing', { fault: active }]], places.during.at);
    const noted = (name: string) => [signal('firing', { notification: name, value: 900 })];
    const told = lead([[12_200, 'firing', { fault: active, signals: noted('first') }]], fired);
    expect(told.ending).toMatchObject({ signal: { notification: 'first' } });
    expect(told.ending).not.toHaveProperty('signal.value');
    const later = lead([[12_400, 'firing', { fault: active, signals: noted('second') }]], told);
    expect(later.ending).toBe(told.ending);
  });

  it('that is worse than another speaks for both', () => {
    const other: Plan['abort'][number] = { kind: 'monitor', monitor: { ref: 'other', threshold: 'storm' } };
    const two = plan({ abort: [armed, other] });
    const signals = [signal('lost'), signal('firing', { monitor: 'other', threshold: 'storm', message: 'the other' })];
    const facts = { ...noFacts, fault: active, signals };
    const state = step(two, places.during.at, { type: 'facts', facts }, 12_000).state;
    expect(state.ending).toMatchObject({ reason: 'MonitorFired', message: 'the other', signal: { monitor: 'other' } });
  });

  it('fires at the end of a fault: the run was cut, not complete', () => {
    const state = lead([[19_900, 'firing', { fault: active }]], places.during.at);
    expect(state).toMatchObject({ phase: 'undo', ending: { reason: 'MonitorFired' } });
  });

  it('says nothing any more once the fault is undone', () => {
    const after = lead(
      [
        [19_900, 'quiet', { fault: active }],
        [20_500, 'firing', { fault: { ...active, targets: [{ uid: 'a', name: 'shop/a', phase: 'Clean' }] } }],
        [21_000, 'lost'],
      ],
      places.during.at,
    );
    expect(after).toMatchObject({ phase: 'after', dirty: false });
    expect(after.ending).toBeUndefined();
  });
});

describe('an armed monitor of a run without a fault', () => {
  const without = plan({ abort: [armed], hasFault: false });
  const begin = lead([[0, 'quiet']], initialState(0), without);
  const during = lead([[1000, 'quiet', checked]], begin, without);

  it('ends it as Aborted', () => {
    expect(during.phase).toBe('during');
    const cut = lead(
      [
        [2000, 'quiet', { probesReadyAt: 1500 }],
        [3000, 'firing', { probesReadyAt: 1500 }],
      ],
      during,
      without,
    );
    expect(cut).toMatchObject({ phase: 'settle', ending: { kind: 'aborted', reason: 'MonitorFired' } });
    const done = lead([[5000, 'firing', { observed: { during: steady } }]], cut, without);
    expect(done).toMatchObject({ phase: 'done', judgement: { verdict: 'Aborted', reason: 'MonitorFired' } });
  });

  it('has no baseline to learn before it: the run does not begin', () => {
    const learning = lead(
      [
        [1000, 'learning', checked],
        [11_000, 'learning', checked],
      ],
      begin,
      without,
    );
    expect(learning).toMatchObject({ phase: 'done', judgement: { verdict: 'Refused', reason: 'BaselineTooShort' } });
  });
});
