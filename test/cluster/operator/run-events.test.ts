import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiVersion, type JournalEntry } from '../../../src/api/index.ts';
import { eventsOfEntry, type EventSubject, subjectAfter } from '../../../src/cluster/operator/run-events.ts';

const created: JournalEntry = { type: 'created', namespace: 'shop', name: 'run', uid: 'u', seed: '', manifest: null };
const target = (index: number) => ({ namespace: 'pay', name: `pod-${String(index)}`, uid: `uid-${String(index)}`, node: 'n' });
const targets = (count: number): JournalEntry => ({
  type: 'targets',
  targets: Array.from({ length: count }, (_, index) => target(index)),
});

function subject(...entries: JournalEntry[]): EventSubject {
  const result = entries.reduce<EventSubject | undefined>(subjectAfter, undefined);
  if (!result) throw new Error('no run');
  return result;
}

const two = subject(created, targets(2));

describe('subjectAfter', () => {
  it('no longer has a target that is skipped, so that nobody reads that it was hurt', () => {
    const skipped: JournalEntry = { type: 'target', uid: 'uid-1', phase: 'Skipped', reason: 'Unsupported' };
    expect(subject(created, targets(2), skipped).pods.map(({ uid }) => uid)).toEqual(['uid-0']);
  });
});

describe('eventsOfEntry', () => {
  it.each<[string, JournalEntry, string, string]>([
    ['begins', { type: 'phase', phase: 'preflight' }, 'Normal Started', 'with 2 targets'],
    ['is injected', { type: 'phase', phase: 'during' }, 'Normal FaultInjected', 'active on 2 targets'],
    ['is undone', { type: 'phase-ended', phase: 'undo', outcome: 'proven' }, 'Normal FaultUndone', 'is undone'],
    [
      'may not be undone',
      { type: 'phase-ended', phase: 'undo', outcome: 'not proven' },
      'Warning UndoNotProven',
      'could not be proven',
    ],
    [
      'passes',
      { type: 'verdict', verdict: 'Passed', reason: 'SteadyStateHeld', message: 'fine', residue: 0 },
      'Normal Passed',
      'Passed (SteadyStateHeld): fine',
    ],
    [
      'is refused',
      { type: 'verdict', verdict: 'Refused', reason: 'NoTarget', message: 'none', residue: 0 },
      'Warning Refused',
      'Refused (NoTarget): none',
    ],
  ])('tells the run and each target when it %s', (_what, entry, typeAndReason, note) => {
    const events = eventsOfEntry(two, entry);
    expect(events.map(({ regarding }) => `${regarding.kind} ${regarding.namespace}/${regarding.name}`)).toEqual([
      'NetworkExperiment shop/run',
      'Pod pay/pod-0',
      'Pod pay/pod-1',
    ]);
    for (const event of events) {
      expect(`${event.type} ${event.reason}`).toBe(typeAndReason);
      expect(event.note).toContain(note);
      expect(event.related).toEqual(event.regarding.kind === 'Pod' ? two.run : undefined);
    }
  });

  it.each<[string, EventSubject, JournalEntry]>([
    ['other phases', two, { type: 'phase', phase: 'after' }],
    ['the fault of a run that has none', subject(created), { type: 'phase', phase: 'during' }],
    ['what is only for the journal', two, { type: 'warning', message: 'any' }],
  ])('says nothing of %s', (_what, of, entry) => {
    expect(eventsOfEntry(of, entry)).toEqual([]);
  });

  it('tells at most 20 pods, and the run once that there are more', () => {
    const many = subject(created, targets(50));
    const begun = eventsOfEntry(many, { type: 'phase', phase: 'preflight' });
    expect(begun.filter(({ regarding }) => regarding.kind === 'Pod').length).toBe(20);
    expect(begun.at(-1)).toMatchObject({ regarding: { kind: 'NetworkExperiment' }, reason: 'MoreTargets' });
    expect(eventsOfEntry(many, { type: 'phase', phase: 'during' }).length).toBe(21);
  });

  it('names what is said once the same when it is said again, and nothing else so', () => {
    const all = (['preflight', 'during'] as const).flatMap((phase) => eventsOfEntry(two, { type: 'phase', phase }));
    const again = eventsOfEntry(two, { type: 'phase', phase: 'during' });
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(again.map(({ name }) => name)));
    expect(two.run.apiVersion).toBe(apiVersion);
  });

  it('keeps within what Kubernetes takes, whatever a message is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), fc.nat(253), (message, length) => {
        const long = { ...two, run: { ...two.run, name: 'r'.repeat(length + 1) } };
        for (const { note, name } of eventsOfEntry(long, {
          type: 'verdict',
          verdict: 'Failed',
          reason: 'Any',
          message,
          residue: 0,
        })) {
          expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
          expect(name.length).toBeLessThanOrEqual(253);
        }
      }),
    );
  });
});
