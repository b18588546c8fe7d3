/** The CustomResourceDefinition of a kind. */
import { type Kind, kinds } from '../kinds/index.ts';
import type { KindFacts } from '../kinds/definition.ts';
import { group, version } from '../metadata.ts';
import type { JsonSchema } from '../server-rules.ts';
import { type Column, columns } from './columns.ts';
import { defaults } from './defaults.ts';
import { at, inOrder, put } from './edits.ts';
import { leftOut } from './left-out.ts';
import { spellings } from './spellings.ts';
import { statuses } from './statuses.ts';
import { toStructural } from './structural.ts';

export type CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: { name: string };
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: { kind: string; listKind: string; plural: string; singular: string; shortNames?: string[]; categories: string[] };
    versions: {
      name: string;
      served: boolean;
      storage: boolean;
      schema: { openAPIV3Schema: JsonSchema };
      subresources?: { status: Record<string, never> };
      additionalPrinterColumns: Column[];
    }[];
  };
};

/** `kubectl get squall` shows all of ours. */
const category = 'squall';

export function customResourceDefinition(name: Kind): CustomResourceDefinition {
  const facts: KindFacts & { longestName?: number } = kinds[name];
  const { kind, plural, singular, shortName } = facts;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: facts.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        ...(shortName === undefined ? {} : { shortNames: [shortName] }),
        categories: [category],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: objectSchema(name, facts.longestName) },
          ...(facts.status ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: columns[name],
        },
      ],
    },
  };
}

function objectSchema(name: Kind, longestName: number | undefined): JsonSchema {
  const status = statuses[name];
  return {
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: {
        type: 'object',
        ...(longestName === undefined ? {} : { properties: { name: { type: 'string', maxLength: longestName } } }),
      },
      spec: specSchema(name),
      ...(status === undefined ? {} : { status: toStructural(status) }),
    },
  };
}

export function specSchema(name: Kind): JsonSchema {
  const withDefaults = Object.entries(defaults[name] ?? {}).map(([path, value]) => at(path, put({ default: value })));
  return inOrder(spellings[name], ...withDefaults, leftOut[name] ?? ((schema) => schema))(toStructural(kinds[name].specSchema));
}
