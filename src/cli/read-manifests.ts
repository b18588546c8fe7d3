import { type ManifestResult, readManifestFiles } from '../api/index.ts';
import { checkMonitors } from './monitor-checks.ts';
import { checkSchedules } from './schedule-checks.ts';

/**
 * Reads files as every command does that takes them: the rules of the kinds, what expressions of schedules mean, and what the
 * collector understands of monitors.
 * @param now milliseconds since 1970
 */
export async function readCheckedManifests(paths: readonly string[], now: number): Promise<ManifestResult> {
  const result = await readManifestFiles(paths);
  return withFurtherChecks(result, now);
}

/** @param now milliseconds since 1970 */
export function withFurtherChecks(result: ManifestResult, now: number): ManifestResult {
  const schedules = checkSchedules(result.manifests, now);
  const monitors = checkMonitors(result.manifests);
  const errors = [...schedules.errors, ...monitors.errors];
  const refused = [...schedules.refused, ...monitors.refused];
  const isRefused = ({ file, line }: { file: string; line: number }) =>
    refused.some((manifest) => manifest.file === file && manifest.line === line);
  return {
    manifests: errors.length === 0 ? result.manifests : [],
    documents: result.documents.map((document) => (isRefused(document) ? { ...document, valid: false } : document)),
    warnings: [...result.warnings, ...schedules.warnings],
    errors: [...result.errors, ...errors],
  };
}
