/** Objects and specs that do not come from a file: from the store, or from another object. */
import { SquallError } from '../lib/index.ts';
import { checkObject, defaultNamespace, type Typed } from './check-object.ts';
import { checkSpec } from './check-spec.ts';
import type { Kind, Models } from './kinds/index.ts';
import { describeValue, type Finding, formatPath, formatProblem, type Problem } from './problems.ts';

/** The internal model of an object of ours, or everything that is wrong with it. Lines are 0. */
export function readObject(content: unknown): { ok: true; typed: Typed } | { ok: false; problems: Problem[] } {
  const result = checkObject(content, 'store');
  if (result.ok) return { ok: true, typed: result.typed };
  return { ok: false, problems: result.findings.map((finding) => toProblem(finding, result.code)) };
}

/** What a server answers to a create or update: every error as a sentence, and none when the object is good. */
export function validateObject(content: unknown): string[] {
  const result = readObject(content);
  return result.ok ? [] : result.problems.map((problem) => formatProblem(problem));
}

/**
 * The internal model of a spec, in base units.
 * @param namespace of the object that the spec belongs to
 * @throws SquallError InvalidInput that lists everything that is wrong
 */
export function readSpec<Name extends Kind>(kind: Name, spec: unknown, namespace = defaultNamespace): Models[Name] {
  const result = checkSpec(kind, spec, namespace);
  if (result.ok) return result.model;
  const problems = result.findings.map((finding) => formatProblem(toProblem({ ...finding, path: ['spec', ...finding.path] })));
  throw new SquallError('InvalidInput', problems.join('\n'));
}

function toProblem({ path, value, message }: Finding, code: Problem['code'] = 'InvalidInput'): Problem {
  return { file: '', line: 0, path: formatPath(path), value: describeValue(value), message, code };
}
