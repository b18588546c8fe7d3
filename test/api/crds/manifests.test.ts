import { describe, expect, it } from 'vitest';
import { customResourceDefinition } from '../../../src/api/crds/index.ts';
import type { Kind } from '../../../src/api/index.ts';
import { invalidManifests, namesField } from '../../fixtures/crds/invalid-manifests.ts';
import { validManifests } from '../../fixtures/crds/valid-manifests.ts';
import { readText } from '../samples.ts';
import { serverCheck } from './server-check.ts';

const causesOf = (manifest: { kind: string }) => serverCheck(customResourceDefinition(manifest.kind as Kind), manifest);

describe('invalid manifests', () => {
  it('are many, each under a name of its own', () => {
    expect(invalidManifests.length).toBeGreaterThan(150);
    expect(new Set(invalidManifests.map(({ name }) => name)).size).toBe(invalidManifests.length);
  });

  it.each(invalidManifests)('are refused by the definitions: $name, at $field', ({ manifest, field }) => {
    const causes = causesOf(manifest);
    expect(
      causes.some((cause) => namesField(cause, field)),
      JSON.stringify(causes),
    ).toBe(true);
  });

  it.each(invalidManifests)('are refused by the parser too: $name', ({ manifest }) => {
    expect(readText(JSON.stringify(manifest)).errors).not.toEqual([]);
  });
});

describe('valid manifests', () => {
  it('are those of the talk, of the origin, of the project and of the samples', () => {
    expect(validManifests.length).toBeGreaterThan(45);
  });

  it.each(validManifests)('are accepted by the definitions: $name', ({ manifest }) => {
    expect(causesOf(manifest)).toEqual([]);
  });
});
