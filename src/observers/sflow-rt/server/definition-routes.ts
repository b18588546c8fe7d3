/** `/flow` and `/threshold`: what the clients define. */
import { SquallError } from '../../../lib/index.ts';
import { shown } from '../attributes.ts';
import { jsonAnswer, noContent } from './answer.ts';
import type { Definitions } from './definitions.ts';
import { type DefinedFlow, readFlow } from './flow-attributes.ts';
import type { Route } from './route.ts';
import { type DefinedThreshold, readThreshold } from './threshold-attributes.ts';

/** Clients put names into paths. */
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/;
const longestName = 512;

export function definitionRoutes(definitions: Definitions): Route[] {
  const shownThreshold = ({ attributes, watched: { flow } }: DefinedThreshold) =>
    definitions.flows().has(flow) ? attributes : { ...attributes, waitingForFlow: flow };
  return [
    {
      pattern: '/flow/json',
      methods: { GET: () => jsonAnswer(fieldsOf(definitions.flows(), ({ attributes }) => attributes)) },
    },
    {
      pattern: '/flow/*/json',
      methods: {
        GET: ({ parts }) => jsonAnswer(found<DefinedFlow>('flow', definitions.flows(), parts).attributes),
        PUT: async ({ parts, body }) => {
          await definitions.putFlow(readFlow(nameIn('flow', parts), body));
          return noContent;
        },
        DELETE: async ({ parts }) => {
          await definitions.remove('flows', nameIn('flow', parts));
          return noContent;
        },
      },
    },
    {
      pattern: '/threshold/json',
      methods: { GET: () => jsonAnswer(fieldsOf(definitions.thresholds(), shownThreshold)) },
    },
    {
      pattern: '/threshold/*/json',
      query: ['byFlow'],
      methods: {
        GET: ({ parts }) => jsonAnswer(shownThreshold(found('threshold', definitions.thresholds(), parts))),
        PUT: async ({ parts, body, query }) => {
          const threshold = readThreshold(nameIn('threshold', parts), body, query.get('byFlow'));
          await definitions.putThreshold(threshold);
          const { flow, name } = threshold.watched;
          if (definitions.flows().has(flow)) return noContent;
          return jsonAnswer({ message: `threshold '${name}' takes part once there is a flow '${flow}'` });
        },
        DELETE: async ({ parts }) => {
          await definitions.remove('thresholds', nameIn('threshold', parts));
          return noContent;
        },
      },
    },
  ];
}

function nameIn(kind: string, [name = '']: readonly string[]): string {
  if (namePattern.test(name) && name.length <= longestName) return name;
  const expected = `1 to ${String(longestName)} letters, digits, '_', '-', '.' and ':'`;
  throw new SquallError('InvalidInput', `${kind} name ${shown(name)}: expected ${expected}`);
}

function found<Defined>(kind: string, all: ReadonlyMap<string, Defined>, parts: readonly string[]): Defined {
  const name = nameIn(kind, parts);
  const defined = all.get(name);
  if (defined === undefined) throw new SquallError('NotFound', `there is no ${kind} '${name}'`);
  return defined;
}

function fieldsOf<Defined>(all: ReadonlyMap<string, Defined>, show: (defined: Defined) => unknown): object {
  return Object.fromEntries([...all].map(([name, defined]) => [name, show(defined)]));
}
