import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verdicts } from '../../src/api/index.ts';
import { initialState, type Plan, type RunEvent, type RunState, step } from '../../src/experiment/index.ts';
import {
  armed,
  eventArbitrary,
  noFacts,
  plan as planOf,
  planArbitrary,
  scriptArbitrary,
  signal,
  signalStates,
} from './arbitraries.ts';

type Script = { event: RunEvent; afterMs: number }[];

/** Every state that the script leads through, with the order that was given to the fault in it. */
function play(plan: Plan, script: Script): { state: RunState; fault: string }[] {
  let now = 0;
  let state = initialState(now);
  const trail = [{ state, fault: 'none' }];
  for (const { event, afterMs } of script) {
    now += afterMs;
    const result = step(plan, state, event, now);
    state = result.state;
    trail.push({ state, fault: result.effects.fault });
  }
  return trail;
}

const runs = { numRuns: 2000 };

describe('a run under any script of events', () => {
  it('never applies a fault in a state that does not say it may be in', () => {
    fc.assert(
      fc.property(planArbitrary, scriptArbitrary, (plan, script) => {
        for (const { state, fault } of play(plan, script)) {
          if (fault === 'apply') expect(state.dirty && state.touched).toBe(true);
        }
      }),
      runs,
    );
  });

  it('never ends from a dirty state without an undo', () => {
    fc.assert(
      fc.property(planArbitrary, scriptArbitrary, (plan, script) => {
        const trail = play(plan, script);
        trail.forEach(({ state }, index) => {
          if (state.phase !== 'done' || !state.touched) return;
          const since = trail.slice(0, index).findLastIndex((before) => before.fault === 'apply');
          const phases = trail.slice(since + 1, index).map((before) => before.state.phase);
          if (since >= 0) expect(phases).toContain('undo');
        });
      }),
      runs,
    );
  });

  it('calls an undo proven only after a gathering that showed every target clean and no residue', () => {
    fc.assert(
      fc.property(planArbitrary, scriptArbitrary, (plan, script) => {
        const trail = play(plan, script);
        trail.forEach(({ state }, index) => {
          const before = trail[index - 1]?.state;
          if (!before?.dirty || state.dirty) return;
          const event = script[index - 1]?.event;
          expect(event?.type).toBe('facts');
          if (event?.type !== 'facts') return;
          expect(event.facts.fault?.residue ?? 0).toBe(0);
          expect((event.facts.fault?.targets ?? []).every(({ phase }) => ['Clean', 'Lost', 'Refused'].includes(phase))).toBe(
            true,
          );
        });
      }),
      runs,
    );
  });

  it('leads from every state to its end when nothing answers any more', () => {
    fc.assert(
      fc.property(planArbitrary, scriptArbitrary, (plan, script) => {
        let state = play(plan, script).at(-1)?.state ?? initialState(0);
        let now = 10_000_000;
        for (let turn = 0; turn < 20 && state.phase !== 'done'; turn += 1) {
          now += 60_000;
          state = step(plan, state, { type: 'facts', facts: noFacts }, now).state;
        }
        expect(state.phase).toBe('done');
        expect(verdicts).toContain(state.judgement?.verdict);
      }),
      runs,
    );
  });

  it('orders an undo, and nothing else, in every dirty state once it was aborted', () => {
    fc.assert(
      fc.property(planArbitrary, scriptArbitrary, (plan, script) => {
        const { state } = play(plan, script).at(-1) ?? { state: initialState(0) };
        const { state: next, effects } = step(plan, state, { type: 'abort', reason: 'Interrupted', message: '' }, 10_000_000);
        if (state.dirty && state.phase !== 'done') {
          expect(effects.fault).toBe('undo');
          expect(['undo', 'settle']).toContain(next.phase);
        }
      }),
      runs,
    );
  });

  it('lets a fault in only in a step in which every armed monitor says that all is quiet', () => {
    const other: Plan['abort'][number] = { kind: 'monitor', monitor: { ref: 'other', threshold: 'storm' } };
    const plan = planOf({ abort: [armed, other], hypothesis: [], beforeMs: 0 });
    const said = fc.oneof({ weight: 3, arbitrary: fc.constant('quiet' as const) }, fc.constantFrom(...signalStates));
    const steps = fc.array(fc.record({ event: eventArbitrary, one: said, two: said, afterMs: fc.nat(4000) }), { maxLength: 8 });
    let begun = 0;
    fc.assert(
      fc.property(fc.constantFrom('preflight', 'before'), steps, (phase, script) => {
        let state: RunState = { ...initialState(0), phase };
        let now = 0;
        for (const { event, one, two, afterMs } of script) {
          now += afterMs;
          const signals = [signal(one), signal(two, { monitor: 'other', threshold: 'storm' })];
          const next = step(plan, state, event.type === 'facts' ? { ...event, facts: { ...event.facts, signals } } : event, now);
          if (next.state.dirty && !state.dirty) {
            begun += 1;
            expect([event.type, one, two]).toEqual(['facts', 'quiet', 'quiet']);
          }
          ({ state } = next);
        }
      }),
      runs,
    );
    // Else nothing was shown.
    expect(begun).toBeGreaterThan(100);
  });

  it('orders the undo in the very step in which an armed monitor fires, whatever else is so', () => {
    const fired = signal('firing');
    const phases = ['inject', 'during'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...phases), eventArbitrary, fc.nat(20_000), (phase, event, now) => {
        if (event.type !== 'facts') return;
        const state: RunState = { ...initialState(0), phase, dirty: true, touched: true, windows: { during: { from: 0 } } };
        const facts = { ...event.facts, signals: [fired] };
        const result = step(planOf({ abort: [armed] }), state, { type: 'facts', facts }, now);
        expect([result.state.phase, result.effects.fault]).toEqual(['undo', 'undo']);
        expect(result.state.ending).toBeDefined();
      }),
      runs,
    );
  });

  it('stays where it is once it is done', () => {
    fc.assert(
      fc.property(planArbitrary, scriptArbitrary, (plan, script) => {
        const trail = play(plan, script).map(({ state }) => state);
        const done = trail.findIndex(({ phase }) => phase === 'done');
        if (done >= 0) for (const state of trail.slice(done)) expect(state).toEqual(trail[done]);
      }),
      runs,
    );
  });
});
