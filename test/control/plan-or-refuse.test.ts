import { describe, expect, it } from 'vitest';
import { planOrRefuse } from '../../src/control/plan-or-refuse.ts';
import type { RunRequest } from '../../src/control/plan-run.ts';
import { entry, request, shaper, world } from './world.ts';

const referring = (changes: Partial<RunRequest> = {}): RunRequest => {
  const asked = request(changes);
  return { ...asked, experiment: { ...asked.experiment, fault: { ref: 'slow' } } };
};
const shaperWith = (changes: Partial<(typeof shaper.parts)[number]>) => ({
  shaper: { ...shaper, parts: shaper.parts.map((part) => ({ ...part, ...changes })) },
});
const [part] = shaper.parts;
const elsewhere = (part?.targets ?? []).map((target) => ({ ...target, namespace: 'bank' }));
const fromElsewhere = {
  ...entry({ source: { namespace: 'bank', name: 'teller' } }),
  test: { kind: 'connectivity' as const, ref: 'reaches' },
};

describe('where what an experiment refers to may name pods of its own namespace only', () => {
  it.each<[string, RunRequest, string | undefined]>([
    ['a reference that stays', referring(), undefined],
    ['targets elsewhere, in the experiment itself', request(shaperWith({ targets: elsewhere })), 'NoTarget'],
    ['targets elsewhere', referring(shaperWith({ targets: elsewhere })), 'ReferenceLeavesNamespace'],
    [
      'a peer elsewhere',
      referring(shaperWith({ peers: [{ kind: 'pod', namespace: 'bank', name: 'vault' }] })),
      'ReferenceLeavesNamespace',
    ],
    ['a peer that is an address', referring(shaperWith({ peers: [{ kind: 'ip', ip: '192.0.2.1' }] })), undefined],
    ['probes from elsewhere', request({ entries: [fromElsewhere] }), 'ReferenceLeavesNamespace'],
  ])('judges %s', (_, asked, reason) => {
    const found = planOrRefuse(asked, world, 0, { confinesReferences: true });
    expect(found.kind === 'planned' ? undefined : found.reason).toBe(reason);
  });

  it('says what leaves and what to do; elsewhere it is planned', () => {
    const asked = referring(shaperWith({ peers: [{ kind: 'service', namespace: 'shop', name: 'payments' }] }));
    expect(planOrRefuse(asked, world, 0, { confinesReferences: true }).kind).toBe('planned');
    const leaving = referring(shaperWith({ targets: elsewhere }));
    expect(planOrRefuse(leaving, world, 0, { confinesReferences: true })).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(
        /has targets in namespace bank; expected only pods of shop: write it into the experiment/,
      ) as string,
    });
    expect(planOrRefuse(leaving, world, 0)).toMatchObject({ reason: 'NoTarget' });
  });
});

it('refuses a lease that nobody could take over in time', () => {
  expect(planOrRefuse(request(), world, 0, { shortestLeaseSeconds: 9 }).kind).toBe('planned');
  expect(planOrRefuse(request(), world, 0, { shortestLeaseSeconds: 10 })).toMatchObject({
    kind: 'refused',
    reason: 'LeaseTooShort',
  });
});
