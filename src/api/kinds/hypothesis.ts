/** A steady-state hypothesis: tests with tolerances that must hold before, during and after the fault. */
import * as z from 'zod';
import { given } from '../endpoints.ts';
import { anyText, byName, duration, filledList, localName, milliseconds, object, oneOf, refOr, refuse } from '../fields.ts';
import { type JsonSchema, type ServerRule, withServerRules, withServerSchema } from '../server-rules.ts';
import { type HypothesisEntry, type HypothesisTest, type Phase, phases, type Tolerance } from '../model.ts';
import { connectivityFields, connectivitySpec, toConnectivityTest } from './network-connectivity-test.ts';
import { performanceFields, performanceSpec, toPerformanceTest } from './network-performance-test.ts';
import { metricsOfOthers, tolerance, withoutBaseline } from './tolerance-schema.ts';
import { defaultTolerance, readTolerance, type TestKind, usesBaseline, type WrittenTolerance } from './tolerance.ts';

const testKinds = ['connectivity', 'performance', 'query'] as const satisfies readonly TestKind[];

const mostEntries = 20;

const query = object({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
    .max(2048, { error: 'expected at most 2048 characters' })
    .meta({ pattern: '^[hH][tT][tT][pP][sS]?:' })
    .optional(),
  expression: anyText('the expression that the observer evaluates').min(1, { error: 'expected an expression' }),
});

const entryObject = object({
  name: localName,
  connectivity: refOr(connectivityFields, connectivitySpec).optional(),
  performance: refOr(performanceFields, performanceSpec).optional(),
  query: query.optional(),
  phases: filledList(oneOf(...phases), 'phases before, during, after')
    .optional()
    .describe('Default all three.'),
  tolerance: tolerance.optional().describe('Of a connectivity test by default {lossPercent: 0}.'),
  tolerances: object({ before: tolerance.optional(), during: tolerance.optional(), after: tolerance.optional() })
    .optional()
    .describe('In place of tolerance, for one phase.'),
  recoverWithin: duration('0s', '24h').optional().describe('After the undo, how long the tolerance may still be missed.'),
}).check((context) => {
  const value = context.value;
  const given = testKinds.filter((kind) => value[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    refuse(
      context,
      [],
      `expected exactly one of ${testKinds.join(', ')}; there ${given.length === 0 ? 'is none' : `are ${given.join(' and ')}`}`,
    );
    return;
  }
  if (value.recoverWithin !== undefined && !phasesOf(value).includes('after')) {
    refuse(context, ['recoverWithin'], 'expected the phase after among phases; recovery is watched there');
  }
  for (const { path, message } of toleranceRefusals(kind, value)) refuse(context, path, message);
});
export type WrittenHypothesis = z.output<typeof entryObject>;

const usedPhases = `(has(self.phases) ? self.phases : [${phases.map((phase) => `'${phase}'`).join(', ')}])`;
const phasesHaveTolerances = phases.map((phase) => `(one != '${phase}' || has(self.tolerances.${phase}))`).join(' && ');

const entryRules: ServerRule[] = [
  {
    rule: `[${testKinds.map((kind) => `has(self.${kind})`).join(', ')}].exists_one(one, one)`,
    message: `expected exactly one of ${testKinds.join(', ')}`,
  },
  {
    rule: `!has(self.recoverWithin) || 'after' in ${usedPhases}`,
    message: 'expected the phase after among phases; recovery is watched there',
    field: 'recoverWithin',
  },
  {
    rule: `has(self.connectivity) || has(self.tolerance) || has(self.tolerances) && ${usedPhases}.all(one, ${phasesHaveTolerances})`,
    message: 'required; only a connectivity test has a default tolerance',
    field: 'tolerance',
  },
];

/** Limits are numbers, texts or objects, which CEL cannot look into: what goes with what is said in JSON Schema. */
const entrySchema: JsonSchema = {
  allOf: [
    ...testKinds.map((kind) => ({ anyOf: [{ not: { required: [kind] } }, everyTolerance(metricsOfOthers(kind))] })),
    {
      anyOf: [
        { not: { required: ['phases'], properties: { phases: { items: { not: { enum: ['before'] } } } } } },
        everyTolerance(withoutBaseline),
      ],
    },
  ],
};

/** Wants the same of `tolerance` and of the tolerance of each phase. */
function everyTolerance(wanted: JsonSchema): JsonSchema {
  const ofPhases = { properties: Object.fromEntries(phases.map((phase) => [phase, wanted])) };
  return { properties: { tolerance: wanted, tolerances: ofPhases } };
}

const entry = withServerSchema(withServerRules(entryObject, entryRules), entrySchema);

export const hypothesis = byName(
  z
    .array(entry, { error: 'expected a list of hypothesis entries' })
    .max(mostEntries, { error: `expected at most ${mostEntries} hypothesis entries` }),
);

export function phasesOf(written: WrittenHypothesis): Phase[] {
  return phases.filter((phase) => written.phases?.includes(phase) ?? true);
}

/** The tolerance that is written for a phase, with the field that it is written in. */
function writtenTolerance(written: WrittenHypothesis, phase: Phase): { path: string[]; limits: WrittenTolerance } | undefined {
  const special = written.tolerances?.[phase];
  if (special !== undefined) return { path: ['tolerances', phase], limits: special };
  return written.tolerance === undefined ? undefined : { path: ['tolerance'], limits: written.tolerance };
}

function toleranceRefusals(kind: TestKind, written: WrittenHypothesis) {
  const used = phasesOf(written);
  const places = new Map<string, { path: string[]; limits: WrittenTolerance }>();
  for (const phase of phases) {
    const place = writtenTolerance(written, phase);
    if (place !== undefined) places.set(place.path.join('.'), place);
  }
  if (written.tolerance !== undefined) places.set('tolerance', { path: ['tolerance'], limits: written.tolerance });
  const refusals = [...places.values()].flatMap(({ path, limits }) => {
    const read = readTolerance(kind, limits);
    const found = read.refusals.map((refusal) => ({ path: [...path, ...refusal.path], message: refusal.message }));
    if (Object.keys(limits).length === 0) found.push({ path, message: 'expected at least one limit, such as lossPercent: 1' });
    if (usesBaseline(read.tolerance) && !used.includes('before')) {
      found.push({ path, message: 'overBaseline needs the phase before among phases: the baseline is measured there' });
    }
    return found;
  });
  const bare = used.find((phase) => writtenTolerance(written, phase) === undefined);
  if (kind !== 'connectivity' && bare !== undefined) {
    refusals.push({ path: ['tolerance'], message: `required; a ${kind} test has no default tolerance (phase ${bare} has none)` });
  }
  return refusals;
}

export function toHypothesisEntry(written: WrittenHypothesis, namespace: string): HypothesisEntry {
  const test = toTest(written, namespace);
  const toleranceOf = (phase: Phase): Tolerance => {
    const place = writtenTolerance(written, phase);
    return place === undefined ? defaultTolerance : readTolerance(test.kind, place.limits).tolerance;
  };
  return {
    name: written.name,
    test,
    phases: phasesOf(written),
    tolerances: { before: toleranceOf('before'), during: toleranceOf('during'), after: toleranceOf('after') },
    recoverWithinMs: written.recoverWithin === undefined ? undefined : milliseconds(written.recoverWithin),
  };
}

function toTest({ connectivity, performance, query: asked }: WrittenHypothesis, namespace: string): HypothesisTest {
  if (connectivity !== undefined) {
    const { ref, ...inline } = connectivity;
    if (ref !== undefined) return { kind: 'connectivity', ref };
    return { kind: 'connectivity', connectivity: toConnectivityTest(connectivitySpec.parse(inline), namespace) };
  }
  if (performance !== undefined) {
    const { ref, ...inline } = performance;
    if (ref !== undefined) return { kind: 'performance', ref };
    return { kind: 'performance', performance: toPerformanceTest(performanceSpec.parse(inline), namespace) };
  }
  return { kind: 'query', query: given(asked) };
}
