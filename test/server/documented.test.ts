import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createAgentMetrics, createMetrics, createObserverMetrics } from '../../src/server/index.ts';

test('docs/metrics.md lists every metric with its type, and no other', async () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(squall_\w+)` +\| (\w+) +\|/gm)].map(([, name, type]) => `${name} ${type}`);
  const observer = createObserverMetrics(
    '0',
    () => undefined,
    () => Promise.resolve(undefined),
  );
  const texts = await Promise.all([createMetrics('0').text(), createAgentMetrics('0', () => undefined).text(), observer.text()]);
  const defined = [...texts.join('\n').matchAll(/^# TYPE (\w+) (\w+)$/gm)]
    .map(([, name, type]) => `${name} ${type}`)
    // docs/sflow-collector.md lists those, and a test of its own compares.
    .filter((one) => !one.startsWith('squall_collector_'));
  expect(listed.sort()).toEqual([...new Set(defined)].sort());
});
