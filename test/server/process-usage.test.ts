import { expect, test } from 'vitest';
import { parseProcessStat } from '../../src/server/process-usage.ts';
import { readProcessUsage } from '../../src/server/index.ts';

test('the fields are found behind a program name with blanks and parentheses', () => {
  const numbers = Array.from({ length: 49 }, (_, index) => String(index + 4));
  const line = `42 (a) b (c)) S ${numbers.join(' ')}\n`;
  // Field N of proc(5) holds N here.
  expect(parseProcessStat(line)).toEqual({ residentBytes: 24 * 4096, cpuSeconds: (14 + 15) / 100 });
});

test('this process has memory and has used the processor; one that is not there has no usage', () => {
  const usage = readProcessUsage(process.pid);
  expect(usage?.residentBytes).toBeGreaterThan(10_000_000);
  expect(usage?.cpuSeconds).toBeGreaterThan(0);
  expect(readProcessUsage(2 ** 22 + 1)).toBeUndefined();
});
