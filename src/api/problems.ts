/** What is wrong with, or odd about, one place of an input: enough to find it and to put it right. */
export type Problem = {
  file: string;
  /** From 1; 0 when the object does not come from a file. */
  line: number;
  column?: number;
  /** Such as `spec.targets[0].configuration.value`; empty for the document itself. */
  path: string;
  /** What stands there, as JSON, cut at 80 characters; `nothing` when the field is absent. */
  value: string;
  /** What was expected and, where it helps, what to write instead. */
  message: string;
  code: 'InvalidInput' | 'NotImplemented';
};

export type Path = readonly (string | number)[];

/** A problem within one spec or object, before it is known where in a file that is. */
export type Finding = { path: Path; value: unknown; message: string };

const plainKey = /^[A-Za-z_][A-Za-z0-9_-]*$/;

export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!plainKey.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

const longestValue = 80;

export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  let text: string;
  try {
    text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
  } catch {
    // Aliases can make a value contain itself.
    text = '(a value that contains itself)';
  }
  // Control characters beyond JSON's own escapes would reach a terminal.
  const printable = text.replace(/[\u007f-\u009f\u2028\u2029]/g, '?');
  return printable.length > longestValue ? `${printable.slice(0, longestValue)}…` : printable;
}

/**
 * `file:line: path: message (got value)`, as compilers print it.
 * @param severity said before the message; an error is what is meant without it
 */
export function formatProblem(problem: Problem, severity?: 'warning' | 'note'): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}` : problem.file;
  const code = problem.code === 'NotImplemented' ? problem.code : '';
  const parts = [place, problem.path, severity ?? '', code, problem.message];
  return `${parts.filter((part) => part !== '').join(': ')} (got ${problem.value})`;
}

export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
