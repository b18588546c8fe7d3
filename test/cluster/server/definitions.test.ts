/** The chart's CustomResourceDefinitions on a real API server: accepted without complaint, and refusing by themselves what is invalid. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invalidManifests, namesField } from '../../fixtures/crds/invalid-manifests.ts';
import { validManifests } from '../../fixtures/crds/valid-manifests.ts';
import { adminOf } from './client.ts';
import { installDefinitions } from './install.ts';

type Definition = {
  metadata: { name: string };
  spec: { names: { plural: string; kind: string; shortNames?: string[]; categories?: string[] }; scope: string };
  status: { conditions: { type: string; status: string; message?: string }[] };
};
type Refusal = { reason?: string; message?: string; details?: { causes?: { field?: string; message?: string }[] } };

const admin = adminOf();
let definitions: Definition[] = [];

beforeAll(async () => {
  await installDefinitions(admin);
  const { items } = JSON.parse(await admin.must(['get', 'crd', '-o', 'json'])) as { items: Definition[] };
  definitions = items.filter(({ metadata }) => metadata.name.endsWith('.networkmachinery.io'));
});
afterAll(() => {
  admin[Symbol.dispose]();
});

/** What the server says of the manifest without storing it; undefined when it takes it. */
async function refusalOf(manifest: {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}): Promise<Refusal | undefined> {
  const { plural = '', scope = '' } = plurals().get(manifest.kind) ?? {};
  const place = scope === 'Namespaced' ? 'namespaces/default/' : '';
  const path = `/apis/${manifest.apiVersion}/${place}${plural}?dryRun=All&fieldValidation=Strict`;
  const response = await admin.send('POST', path, manifest);
  return response.code < 300 ? undefined : (response.body as Refusal);
}

function plurals(): Map<string, { plural: string; scope: string }> {
  return new Map(definitions.map(({ spec: { names, scope } }) => [names.kind, { plural: names.plural, scope }]));
}

describe('the definitions', () => {
  it('are established, structural, and cheap enough for the server to judge', () => {
    expect(definitions.length).toBeGreaterThanOrEqual(11);
    for (const { metadata, status } of definitions) {
      const conditions = Object.fromEntries(status.conditions.map(({ type, status: is }) => [type, is]));
      expect([metadata.name, conditions]).toEqual([metadata.name, { NamesAccepted: 'True', Established: 'True' }]);
    }
  });

  it('are applied without a warning', async () => {
    const { code, stderr } = await admin.kubectl(['apply', '--server-side', '-f', 'charts/squall/crds']);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('are found by their short names, and all at once by their category', async () => {
    const names = await admin.must(['api-resources', '--categories=squall', '-o', 'name']);
    expect(names.trim().split('\n').sort()).toEqual(definitions.map(({ metadata }) => metadata.name).sort());
    for (const { spec } of definitions) for (const short of spec.names.shortNames ?? []) await admin.must(['get', short, '-A']);
  });
});

describe('the API server by itself', () => {
  it.each([
    ['test/fixtures/talk/', 11],
    ['test/fixtures/network-machinery/', 10],
  ])('is shown what there is in %s', (folder, least) => {
    expect(validManifests.filter(({ name }) => name.startsWith(folder)).length).toBeGreaterThanOrEqual(least);
    expect(invalidManifests.length).toBeGreaterThanOrEqual(60);
  });

  it.each(validManifests)('takes $name', async ({ manifest }) => {
    // In the namespace of the request, which need not be the one that it is written for.
    expect(await refusalOf({ ...manifest, metadata: { ...manifest.metadata, namespace: undefined } })).toBeUndefined();
  });

  it.each(invalidManifests)('refuses $name, and names $field', async ({ manifest, field }) => {
    const refusal = await refusalOf(manifest);
    const causes = refusal?.details?.causes ?? [];
    const named = causes.some((cause) => namesField(cause, field)) || (refusal?.message ?? '').includes(`"${field}"`);
    expect(named, JSON.stringify(refusal)).toBe(true);
  });
});
