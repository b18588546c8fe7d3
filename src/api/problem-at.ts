import type { Manifest } from './manifests.ts';
import { describeValue, formatPath, type Path, type Problem, valueAt } from './problems.ts';

/** A problem of one place of a valid manifest, found by a room that knows more than the schema. */
export function problemAt(manifest: Manifest, path: Path, message: string, code: Problem['code'] = 'InvalidInput'): Problem {
  const value = describeValue(valueAt(manifest.object, path));
  return { file: manifest.file, ...manifest.locate(path), path: formatPath(path), value, message, code };
}
