import { stringify } from 'yaml';
import { customResourceDefinitions } from '../../src/api/crds/index.ts';

export const crdFolder = new URL('../../charts/squall/crds/', import.meta.url);

const head = '# Generated from the schemas in src/api/kinds by `npm run crds`; do not edit.\n';

/** One file a kind, its keys in the order of the alphabet; the same for the same schemas. */
export function crdFiles(): { name: string; text: string }[] {
  return customResourceDefinitions().map((definition) => ({
    name: `${definition.metadata.name}.yaml`,
    // YAML 1.1 is what Kubernetes' tools read: `yes` must be quoted.
    text: head + stringify(definition, { version: '1.1', sortMapEntries: true, aliasDuplicateObjects: false, lineWidth: 0 }),
  }));
}
