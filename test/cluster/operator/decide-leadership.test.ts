import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideLeadership, type ElectionFacts, type ElectionLease } from '../../../src/cluster/operator/decide-leadership.ts';

const others: ElectionLease = { holderIdentity: 'other', leaseDurationSeconds: 10, renewTime: 'once' };
const ours: ElectionLease = { ...others, holderIdentity: 'me' };
const facts: ElectionFacts = { identity: 'me', now: 100_000, renewWithinMs: 6000, seenAt: 95_000 };

describe('a candidate', () => {
  it.each<[string, Partial<ElectionFacts>, string]>([
    ['takes a lease that is not there', {}, 'acquire'],
    ['takes a lease that was given back', { lease: { ...others, holderIdentity: '' } }, 'acquire'],
    ['takes its own lease, whose writing it never heard of', { lease: ours }, 'acquire'],
    ['waits while a lease that it has watched may be renewed', { lease: others }, 'wait'],
    ['waits just before the lease has run out', { lease: others, seenAt: 90_001 }, 'wait'],
    ['takes a lease that it has watched run out', { lease: others, seenAt: 90_000 }, 'acquire'],
    ['renews while it leads', { lease: ours, renewedAt: 99_000 }, 'renew'],
    ['writes anew what somebody deleted while it leads', { renewedAt: 99_000 }, 'renew'],
    ['steps down when it could not renew in time', { lease: ours, renewedAt: 94_000 }, 'step-down'],
    ['steps down when somebody else has taken over', { lease: others, renewedAt: 99_000 }, 'step-down'],
  ])('%s', (_what, changes, expected) => {
    expect(decideLeadership({ ...facts, ...changes }).step).toBe(expected);
  });

  it('does not care what any wall clock says', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (renewTime, acquireTime) => {
        const step = decideLeadership({ ...facts, lease: { ...others, renewTime, acquireTime } });
        expect(step).toEqual(decideLeadership({ ...facts, lease: others }));
      }),
    );
  });
});

const leaseSeconds = 10;
const renewWithinMs = 6667;

type Message = { spec: ElectionLease; over: number; sentAt: number; taken?: boolean };
type Candidate = { seen: ElectionLease | undefined; version: number; seenAt: number; renewedAt?: number; message?: Message };
type Act = { who: number; act: 'read' | 'send' | 'arrive' | 'answer' | 'lose'; afterMs: number };

const candidateArbitrary = fc.integer({ min: 0, max: 2 });
const actArbitrary: fc.Arbitrary<Act> = fc.record({
  who: candidateArbitrary,
  act: fc.constantFrom('read', 'send', 'arrive', 'answer', 'lose'),
  afterMs: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 6000 })),
});
/** A whole round of one candidate, so that somebody leads now and then. */
const roundArbitrary = fc
  .tuple(candidateArbitrary, fc.integer({ min: 0, max: 3000 }))
  .map(([who, afterMs]): Act[] =>
    (['read', 'send', 'arrive', 'answer'] as const).map((act, index) => ({ who, act, afterMs: index === 0 ? afterMs : 50 })),
  );
const scriptArbitrary = fc
  .array(fc.oneof(roundArbitrary, fc.tuple(actArbitrary)), { maxLength: 60 })
  .map((parts) => parts.flat());

/** Plays candidates whose clocks differ against a server that compares versions; returns who acts at each moment. */
function play(script: readonly Act[], offsets: readonly number[]): number[][] {
  let now = 0;
  let server: { lease: ElectionLease | undefined; version: number } = { lease: undefined, version: 0 };
  const candidates = offsets.map((): Candidate => ({ seen: undefined, version: -1, seenAt: 0 }));
  const acts = (candidate: Candidate): boolean => candidate.renewedAt !== undefined && now - candidate.renewedAt < renewWithinMs;
  const trail: number[][] = [];
  for (const { who, act, afterMs } of script) {
    now += afterMs;
    const candidate = candidates[who];
    const offset = offsets[who] ?? 0;
    if (!candidate) continue;
    if (candidate.renewedAt !== undefined && !acts(candidate)) delete candidate.renewedAt;
    const { message } = candidate;
    switch (act) {
      case 'read':
        if (candidate.seen?.renewTime !== server.lease?.renewTime) candidate.seenAt = now;
        candidate.seen = server.lease;
        candidate.version = server.version;
        break;
      case 'send': {
        if (candidate.version < 0 || message) break;
        const { renewedAt, seen, seenAt } = candidate;
        const step = decideLeadership({
          identity: String(who),
          now: now + offset,
          renewWithinMs,
          ...(renewedAt === undefined ? {} : { renewedAt: renewedAt + offset }),
          ...(seen ? { lease: seen } : {}),
          seenAt: seenAt + offset,
        });
        if (step.step === 'step-down') delete candidate.renewedAt;
        if (step.step !== 'acquire' && step.step !== 'renew') break;
        const spec = {
          holderIdentity: String(who),
          leaseDurationSeconds: leaseSeconds,
          renewTime: `${String(who)} ${String(now)}`,
        };
        candidate.message = { spec, over: candidate.version, sentAt: now };
        break;
      }
      case 'arrive':
        if (!message || message.taken !== undefined) break;
        message.taken = message.over === server.version;
        if (message.taken) server = { lease: message.spec, version: server.version + 1 };
        break;
      case 'answer':
        if (message?.taken === undefined) break;
        delete candidate.message;
        if (!message.taken) break;
        candidate.renewedAt = message.sentAt;
        candidate.seen = message.spec;
        candidate.version = message.over + 1;
        candidate.seenAt = now;
        break;
      case 'lose':
        delete candidate.message;
        candidate.version = -1;
        break;
    }
    trail.push(candidates.flatMap((each, index) => (acts(each) ? [index] : [])));
  }
  return trail;
}

describe('an election', () => {
  const offsetsArbitrary = fc.tuple(fc.nat(1e9), fc.nat(1e9), fc.nat(1e9));

  it('never has two leaders, however late and lost the messages and however different the clocks', () => {
    fc.assert(
      fc.property(scriptArbitrary, offsetsArbitrary, (script, offsets) => {
        for (const acting of play(script, offsets)) expect(acting.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 3000 },
    );
  });

  it('comes to another leader when the first is gone', () => {
    const round = (who: number, afterMs: number): Act[] =>
      (['read', 'send', 'arrive', 'answer'] as const).map((act, index) => ({ who, act, afterMs: index === 0 ? afterMs : 10 }));
    const script = [...round(0, 0), ...[1000, 4000, 4000, 4000].flatMap((afterMs) => round(1, afterMs))];
    const trail = play(script, [0, 0, 0]);
    expect(trail[3]).toEqual([0]);
    expect(trail.at(-1)).toEqual([1]);
  });
});
