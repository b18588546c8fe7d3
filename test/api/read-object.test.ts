import { describe, expect, it } from 'vitest';
import { readObject, readSpec, validateObject } from '../../src/api/index.ts';
import { connectivity, experiment, shaper } from './samples.ts';

const stored = {
  apiVersion: 'networkmachinery.io/v1alpha1',
  kind: 'NetworkExperiment',
  metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '7', ownerReferences: [], labels: { app: 'x' } },
  spec: experiment,
  status: { phase: 'Running' },
};

describe('readObject', () => {
  it('gives the model of a stored object, whatever the server added to it', () => {
    expect(readObject(stored)).toMatchObject({ ok: true, typed: { kind: 'NetworkExperiment', model: { durationMs: 20_000 } } });
    expect(validateObject(stored)).toEqual([]);
  });

  it('takes a run without a fault, as a controller makes it around a bare test', () => {
    const spec = { duration: '5s', hypothesis: [{ name: 'bare', connectivity }] };
    expect(readObject({ ...stored, spec })).toMatchObject({ ok: true });
  });

  it("looks for names without a namespace in the object's own", () => {
    const spec = { targets: [{ kind: 'pod', name: 'p' }], configuration: shaper.configuration };
    const result = readObject({ ...stored, kind: 'NetworkTrafficShaper', spec });
    expect(result).toMatchObject({ typed: { model: { parts: [{ targets: [{ namespace: 'shop' }] }] } } });
  });

  it('lists everything that is wrong, without a line', () => {
    const spec = { ...experiment, duration: '5', before: 'soon' };
    expect(validateObject({ ...stored, spec })).toEqual([
      expect.stringMatching(/^spec\.duration: expected .* \(got "5"\)$/),
      expect.stringMatching(/^spec\.before: expected/),
    ]);
  });

  it('checks what an agent relies on in a NodeTask', () => {
    const spec = { node: 'n', run: { uid: 'u', namespace: 'a', name: 'b' }, work: 'dance', instance: 'xyz' };
    expect(validateObject({ ...stored, kind: 'NodeTask', spec }).length).toBeGreaterThan(3);
  });
});

describe('readSpec', () => {
  it('throws InvalidInput that lists everything that is wrong', () => {
    expect(() => readSpec('NetworkConnectivityTest', { ...connectivity, period: '1', timeout: '1' })).toThrow(
      /spec\.timeout: .*\n?.*|spec\.period/s,
    );
    expect(() => readSpec('NetworkConnectivityTest', {})).toThrow(expect.objectContaining({ code: 'InvalidInput' }) as Error);
  });
});
