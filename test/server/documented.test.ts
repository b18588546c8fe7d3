import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics } from '../../src/server/index.ts';

test('docs/metrics.md lists every metric with its type, and no other', async () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(squall_\w+)` +\| (\w+) +\|/gm)].map(([, name, type]) => `${name} ${type}`);
  const text = await createMetrics('0').text();
  const defined = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(listed.sort()).toEqual(defined.sort());
});
