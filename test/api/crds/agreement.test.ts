import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { customResourceDefinition } from '../../../src/api/crds/index.ts';
import { type Kind, kinds } from '../../../src/api/index.ts';
import { manifestText, readText } from '../samples.ts';
import { bent, specs } from './arbitrary-manifests.ts';
import { serverCheck } from './server-check.ts';

const ofKinds = Object.entries(specs).map(([kind, spec]) => ({ kind: kind as Kind, spec }));

describe.each(ofKinds)('the parser and the definition of $kind', ({ kind, spec }) => {
  const definition = customResourceDefinition(kind);
  const isParsed = (written: unknown) => readText(manifestText(kind, written)).errors.length === 0;
  const causesOf = (written: unknown) => serverCheck(definition, JSON.parse(manifestText(kind, written)));

  it('agree: the server refuses nothing that the parser takes', () => {
    let taken = 0;
    fc.assert(
      fc.property(spec, (written) => {
        if (!isParsed(written)) return;
        taken += 1;
        expect(causesOf(written)).toEqual([]);
      }),
      { numRuns: 400 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  // As written: the origin's spellings let the parser drop some fields unread, whatever is in them.
  it('agree also about slips within', () => {
    fc.assert(
      fc.property(bent(spec), (written) => {
        if (kinds[kind].specSchema.safeParse(written).success) expect(causesOf(written)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
