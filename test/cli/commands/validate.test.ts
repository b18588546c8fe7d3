import { describe, expect, it } from 'vitest';
import { readManifests } from '../../../src/api/index.ts';
import { renderJson, renderText } from '../../../src/cli/commands/validate.ts';
import { experiment, goodSpecs, manifestText, shaper } from '../../api/samples.ts';

const mixed = readManifests([
  {
    name: 'a.yaml',
    text: `${manifestText('NetworkExperiment', experiment)}\n---\n${manifestText('NetworkTrafficShaper', { ...shaper, lease: '1s' })}`,
  },
]);

describe('squall validate', () => {
  it('prints every document, and every error as file:line: path: message', () => {
    const lines = renderText(mixed).split('\n');
    expect(lines[0]).toBe('a.yaml:1: OK: NetworkExperiment default/sample');
    expect(lines[1]).toBe('a.yaml:3: INVALID: "NetworkTrafficShaper" "sample"');
    expect(lines[2]).toMatch(/^a\.yaml:3: spec\.lease: expected a duration with a unit from 3s to 1h.* \(got "1s"\)$/);
    expect(lines[3]).toBe('2 documents, 1 invalid document, 1 error, 0 warnings');
  });

  it('notes what is valid but cannot be run yet', () => {
    const text = renderText(readManifests([{ name: 'a.yaml', text: manifestText('NetworkGameDay', goodSpecs.NetworkGameDay) }]));
    expect(text).toMatch(/a\.yaml:1: kind: note: NotImplemented: NetworkGameDay is valid/);
  });

  it('prints the same as JSON', () => {
    const printed: unknown = JSON.parse(renderJson(mixed));
    expect(printed).toMatchObject({
      valid: false,
      documents: [{ valid: true }, { valid: false, line: 3 }],
      errors: [{ file: 'a.yaml', line: 3, path: 'spec.lease', value: '"1s"', code: 'InvalidInput' }],
    });
  });
});
