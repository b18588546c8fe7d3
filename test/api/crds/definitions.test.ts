import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { customResourceDefinition, customResourceDefinitions } from '../../../src/api/crds/index.ts';
import { defaults } from '../../../src/api/crds/defaults.ts';
import { type Kind, kinds, readSpec } from '../../../src/api/index.ts';
import { crdFiles, crdFolder } from '../../../scripts/crds/files.ts';
import { validManifests } from '../../fixtures/crds/valid-manifests.ts';
import { asStored, rootSchema } from './server-check.ts';
import { everySchema } from './structural-check.ts';

const definitions = customResourceDefinitions();

describe('the definitions of the chart', () => {
  it.each(crdFiles())('$name is what the schemas say now', ({ name, text }) => {
    const committed = readFileSync(new URL(name, crdFolder), 'utf8');
    expect(committed === text, `charts/squall/crds/${name} differs from the schemas; run npm run crds`).toBe(true);
  });

  it('are all there, and no other', () => {
    expect(readdirSync(crdFolder).sort()).toEqual(
      crdFiles()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('have fewer bytes than an annotation may have, which kubectl apply puts a whole definition into', () => {
    for (const definition of definitions) expect(JSON.stringify(definition).length).toBeLessThan(200_000);
  });
});

describe.each(definitions)('the definition of $spec.names.kind', ({ metadata, spec }) => {
  const kind = spec.names.kind as Kind;
  const [version] = spec.versions;

  it('has the scope, names and category of its kind', () => {
    const facts = kinds[kind];
    expect(metadata.name).toBe(`${facts.plural}.networkmachinery.io`);
    expect(spec.scope).toBe(facts.namespaced ? 'Namespaced' : 'Cluster');
    expect(spec.names).toMatchObject({ plural: facts.plural, singular: facts.singular, categories: ['squall'] });
    expect(spec.names.shortNames ?? []).toEqual('shortName' in facts ? [facts.shortName] : []);
  });

  it('has a status of its own where the kind has one', () => {
    const { status } = (rootSchema({ spec } as (typeof definitions)[number]).properties ?? {}) as Record<string, unknown>;
    expect(version?.subresources !== undefined).toBe(kinds[kind].status);
    expect(status !== undefined).toBe(kinds[kind].status);
  });

  it('shows in columns only fields that it has', () => {
    const paths = new Set(everySchema(rootSchema({ spec } as (typeof definitions)[number])).map(({ path }) => path));
    for (const { jsonPath } of version?.additionalPrinterColumns ?? []) {
      const path = jsonPath.replaceAll(/\[(\d+|\?\(.*?\))\]/g, '.[]');
      expect(path === '.metadata.creationTimestamp' || paths.has(path), jsonPath).toBe(true);
    }
  });
});

describe('defaults of the server', () => {
  const withDefaults = validManifests.filter(({ manifest }) => defaults[manifest.kind as Kind] !== undefined);

  it.each(withDefaults)('do not change what $name means', ({ manifest }) => {
    const kind = manifest.kind as Kind;
    const stored = asStored(manifest, rootSchema(customResourceDefinition(kind))) as { spec: unknown };
    for (const field of Object.keys(defaults[kind] ?? {})) expect(stored.spec).toHaveProperty(field);
    expect(meaning(kind, stored.spec)).toEqual(meaning(kind, manifest.spec));
  });
});

/** The model without the specs as they were written, which schedules and game days hand on. */
function meaning(kind: Kind, spec: unknown): unknown {
  return JSON.parse(JSON.stringify(readSpec(kind, spec), (key, value: unknown) => (key === 'spec' ? undefined : value)));
}
