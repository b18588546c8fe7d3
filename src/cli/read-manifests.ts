import { type ManifestResult, readManifestFiles } from '../api/index.ts';
import { checkSchedules } from './schedule-checks.ts';

/**
 * Reads files as every command does that takes them: the rules of the kinds, and what expressions of schedules mean.
 * @param now milliseconds since 1970
 */
export async function readCheckedManifests(paths: readonly string[], now: number): Promise<ManifestResult> {
  const result = await readManifestFiles(paths);
  return withScheduleChecks(result, now);
}

export function withScheduleChecks(result: ManifestResult, now: number): ManifestResult {
  const { errors, warnings, refused } = checkSchedules(result.manifests, now);
  const isRefused = ({ file, line }: { file: string; line: number }) =>
    refused.some((manifest) => manifest.file === file && manifest.line === line);
  return {
    manifests: errors.length === 0 ? result.manifests : [],
    documents: result.documents.map((document) => (isRefused(document) ? { ...document, valid: false } : document)),
    warnings: [...result.warnings, ...warnings],
    errors: [...result.errors, ...errors],
  };
}
