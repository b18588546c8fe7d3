import { describe, expect, it } from 'vitest';
import { kinds, servedKinds } from '../../../src/api/index.ts';
import { runName } from '../../../src/scheduler/index.ts';

describe('the table of kinds', () => {
  it.each(Object.entries(kinds))('%s stands under its own name', (name, definition) => {
    expect(definition.kind).toBe(name);
    expect([definition.singular, definition.plural]).toEqual([name.toLowerCase(), `${name.toLowerCase()}s`]);
  });

  it('names no plural and no short name twice', () => {
    const names = servedKinds.flatMap(({ apiVersion, plural, shortName }) => [
      `${apiVersion}/${plural}`,
      shortName ?? plural + apiVersion,
    ]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('leaves the runs of a schedule with the longest name a name that a run may have', () => {
    const { longestName = 0 } = kinds.NetworkExperimentSchedule;
    const run = runName('a'.repeat(longestName), Date.parse('2099-12-31T00:00:00Z'));
    expect(run.length).toBeLessThanOrEqual(kinds.NetworkExperiment.longestName ?? 0);
  });

  it('holds the validator and the safety lever apart from namespaces, and everything else of ours in them', () => {
    const outside = Object.values(kinds).filter(({ namespaced }) => !namespaced);
    expect(outside.map(({ kind }) => kind)).toEqual(['NetworkModulesValidator', 'NetworkHalt']);
  });
});
