const unitMilliseconds = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const durationPattern = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const partPattern = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;

/**
 * Milliseconds of a Go duration string such as `200ms`, `1.5s` or `1m30s`; undefined when the text is none.
 * A unit is required and signs are not taken: `200` and `-1s` are no durations.
 */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  let milliseconds = 0;
  for (const [, amount, unit] of text.matchAll(partPattern)) {
    milliseconds += Number(amount) * unitMilliseconds[unit as keyof typeof unitMilliseconds];
  }
  return Number.isFinite(milliseconds) ? Number(milliseconds.toFixed(6)) : undefined;
}

/** The shortest single-unit text that reads back as the same duration: 1500 → `1500ms`, 60000 → `60s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  if (milliseconds % 1000 === 0) return `${String(milliseconds / 1000)}s`;
  if (Number.isInteger(milliseconds)) return `${String(milliseconds)}ms`;
  return `${String(Number((milliseconds * 1000).toFixed(3)))}us`;
}
