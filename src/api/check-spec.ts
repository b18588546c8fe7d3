/** Holds a spec against its kind's schema and words what is wrong. */
import * as z from 'zod';
import { normalise } from './dialects/network-machinery.ts';
import { type Kind, kinds, type Models } from './kinds/index.ts';
import { nearestName } from './nearest-name.ts';
import { type Finding, type Path, valueAt } from './problems.ts';

export type SpecResult<Model> =
  { ok: true; spec: unknown; model: Model; warnings: Finding[] } | { ok: false; findings: Finding[]; warnings: Finding[] };

/** Normalises, checks and converts a spec. Paths start at the spec; every finding is there at once. */
export function checkSpec<Name extends Kind>(kind: Name, written: unknown, namespace: string): SpecResult<Models[Name]> {
  const { spec, warnings } = normalise(kind, written);
  const definition: AnyDefinition = kinds[kind];
  const result = checkAgainst(definition.specSchema, spec);
  if (!result.ok) return { ok: false, findings: result.findings, warnings };
  // The table pairs each kind with its own model, which the index access cannot express.
  return { ok: true, spec, model: definition.toModel(result.value, namespace) as Models[Name], warnings };
}

type AnyDefinition = { specSchema: z.ZodType; toModel(spec: unknown, namespace: string): unknown };

/**
 * Unknown fields keep zod from running an object's own rules, so they are taken out and the rest is checked again: all
 * findings are told in one go.
 */
export function checkAgainst(
  schema: z.ZodType,
  written: unknown,
): { ok: true; value: unknown } | { ok: false; findings: Finding[] } {
  const first = schema.safeParse(written);
  if (first.success) return { ok: true, value: first.data };
  const unknown = first.error.issues.filter((issue) => issue.code === 'unrecognized_keys');
  const issues = [...first.error.issues];
  if (unknown.length > 0) {
    const pruned: unknown = structuredClone(written);
    for (const { path, keys } of unknown) {
      const holder = valueAt(pruned, path as Path);
      if (typeof holder === 'object' && holder !== null) for (const key of keys) Reflect.deleteProperty(holder, key);
    }
    issues.push(...(schema.safeParse(pruned).error?.issues ?? []));
  }
  return { ok: false, findings: withoutTwins(issues.flatMap((issue) => findingsOf(issue, schema, written))) };
}

function findingsOf(issue: z.core.$ZodIssue, schema: z.ZodType, written: unknown): Finding[] {
  const path = issue.path as Path;
  if (issue.code !== 'unrecognized_keys') return [{ path, value: valueAt(written, path), message: issue.message }];
  const known = knownFields(schema, path);
  return issue.keys.map((key) => {
    const near = nearestName(key, known);
    const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
    return { path: [...path, key], value: valueAt(written, [...path, key]), message: `unknown field; ${hint}` };
  });
}

/** Rules of a whole spec and of its parts can see the same slip. */
function withoutTwins(findings: Finding[]): Finding[] {
  const seen = new Map(findings.map((finding) => [JSON.stringify([finding.path, finding.message]), finding]));
  return [...seen.values()];
}

function knownFields(schema: z.ZodType, path: Path): string[] {
  const there = path.reduce<z.core.$ZodType | undefined>((at, step) => (at === undefined ? undefined : within(at, step)), schema);
  const bare = there === undefined ? undefined : unwrap(there);
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
}

function within(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodArray) return bare.element;
  if (bare instanceof z.ZodRecord) return bare.valueType;
  return bare instanceof z.ZodObject ? (bare.shape as Record<string, z.core.$ZodType>)[step] : undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.find((option) => option instanceof z.ZodObject) ?? schema;
  return schema;
}
