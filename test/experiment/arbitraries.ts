import fc from 'fast-check';
import type { ConnectivityObservation, HypothesisEntry, Phase } from '../../src/api/index.ts';
import type { Facts, Plan, RunEvent, SignalFact } from '../../src/experiment/index.ts';

export function observation(changes: Partial<ConnectivityObservation> = {}): ConnectivityObservation {
  return { stream: 's', sent: 10, received: 10, lossPercent: 0, rttP95: 1, ...changes };
}

export function entry(changes: Partial<HypothesisEntry> = {}): HypothesisEntry {
  const tolerance = { lossPercent: { atMost: 1 } };
  return {
    name: 'reaches',
    test: { kind: 'connectivity', ref: 'unused' },
    phases: ['before', 'during', 'after'],
    tolerances: { before: tolerance, during: tolerance, after: tolerance },
    ...changes,
  };
}

export function plan(changes: Partial<Plan> = {}): Plan {
  return {
    hasFault: true,
    beforeMs: 5000,
    durationMs: 10_000,
    afterMs: 5000,
    hypothesis: [entry()],
    abort: [],
    skipsUnsupported: false,
    settleMs: 2000,
    limits: { preflightMs: 10_000, probeStartMs: 10_000, injectMs: 10_000, undoMs: 30_000 },
    ...changes,
  };
}

export const noFacts: Facts = { observed: {}, suffixes: {}, recent: {}, signals: [] };

export const armed: Plan['abort'][number] = { kind: 'monitor', monitor: { ref: 'shop-traffic', threshold: 'retry-storm' } };
export const signalStates = ['missing', 'waiting', 'learning', 'quiet', 'firing', 'undecidable', 'lost'] as const;

export function signal(state: SignalFact['state'], changes: Partial<SignalFact> = {}): SignalFact {
  return { monitor: 'shop-traffic', threshold: 'retry-storm', state, message: `it is ${state}`, ...changes };
}

/** Mostly quiet, or a run would hardly ever come to its fault. */
const signalArbitrary = fc
  .oneof({ weight: 4, arbitrary: fc.constant('quiet' as const) }, { weight: 1, arbitrary: fc.constantFrom(...signalStates) })
  .map((state) => signal(state));

const observationArbitrary = fc
  .record({
    sent: fc.integer({ min: 0, max: 20 }),
    lost: fc.integer({ min: 0, max: 20 }),
    rttP95: fc.option(fc.double({ min: 0, max: 500, noNaN: true }), { nil: undefined }),
  })
  .map(({ sent, lost, rttP95 }) => {
    const received = Math.max(0, sent - lost);
    return observation({
      sent,
      received,
      lossPercent: sent === 0 ? 0 : (100 * (sent - received)) / sent,
      rttP95: received === 0 ? undefined : rttP95,
    });
  });

const observedArbitrary = fc.record({ reaches: fc.array(observationArbitrary, { maxLength: 2 }) });

const targetArbitrary = fc.record({
  uid: fc.constantFrom('a', 'b'),
  name: fc.constant('shop/a'),
  phase: fc.constantFrom('Pending', 'Applying', 'Active', 'Undoing', 'Clean', 'Lost', 'Refused'),
  reason: fc.option(fc.constantFrom('LeaseExpired', 'AgentRestarted', 'KernelRefused'), { nil: undefined }),
  activeAt: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
  cleanAt: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
});

const doseArbitrary = fc.boolean().map((ok) => ({
  target: 'shop/a',
  fault: 'delay 200ms',
  requested: { value: 200, unit: 'ms' as const },
  measured: { value: ok ? 200 : 0, low: 0, high: 0, unit: 'ms' as const },
  samples: 5,
  source: 'probe' as const,
  ok,
}));

const factsArbitrary: fc.Arbitrary<Facts> = fc.record(
  {
    preflight: fc.oneof(
      fc.constant({ ok: true as const }),
      fc.constant({ ok: false as const, reason: 'NetemMissing', message: 'no netem' }),
    ),
    probesReadyAt: fc.integer({ min: 0, max: 100_000 }),
    fault: fc.record({
      targets: fc.array(targetArbitrary, { maxLength: 3 }),
      residue: fc.integer({ min: 0, max: 2 }),
      changedByOthers: fc.constantFrom<string[]>([], ['somebody replaced the root qdisc']),
      dose: fc.array(doseArbitrary, { maxLength: 2 }),
    }),
    observed: fc.record({ before: observedArbitrary, during: observedArbitrary, after: observedArbitrary }),
    suffixes: fc.constant({}),
    recent: fc.record({ reaches: fc.array(fc.array(observationArbitrary, { maxLength: 2 }), { maxLength: 6 }) }),
    signals: fc.oneof(
      { weight: 9, arbitrary: signalArbitrary.map((one) => [one]) },
      { weight: 1, arbitrary: fc.constant<SignalFact[]>([]) },
    ),
  },
  { requiredKeys: ['observed', 'suffixes', 'recent', 'signals'] },
);

export const eventArbitrary: fc.Arbitrary<RunEvent> = fc.oneof(
  { weight: 12, arbitrary: factsArbitrary.map((facts) => ({ type: 'facts' as const, facts })) },
  { weight: 1, arbitrary: fc.constant({ type: 'abort' as const, reason: 'Interrupted', message: 'SIGINT' }) },
  { weight: 1, arbitrary: fc.constant({ type: 'restarted' as const }) },
  {
    weight: 1,
    arbitrary: fc
      .subarray<Phase>(['before', 'during', 'after'])
      .map((unmeasured) => ({ type: 'continued' as const, unmeasured })),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'failed' as const, reason: 'Internal', message: 'boom' }) },
  { weight: 1, arbitrary: fc.constant({ type: 'refused' as const, reason: 'NoTarget', message: 'nothing selected' }) },
);

export const scriptArbitrary = fc.array(fc.record({ event: eventArbitrary, afterMs: fc.integer({ min: 0, max: 15_000 }) }), {
  maxLength: 60,
});

export const planArbitrary: fc.Arbitrary<Plan> = fc
  .record({
    hasFault: fc.boolean(),
    beforeMs: fc.integer({ min: 0, max: 10_000 }),
    afterMs: fc.integer({ min: 0, max: 10_000 }),
    hypothesis: fc.constantFrom<Plan['hypothesis']>([], [entry()], [entry({ recoverWithinMs: 3000 })]),
    abort: fc.constantFrom<Plan['abort']>([], [{ kind: 'hypothesis', hypothesis: 'reaches', forMs: 3000 }], [armed]),
  })
  .map((changes) => plan(changes));
