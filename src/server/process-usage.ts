import { readFileSync } from 'node:fs';
import { isMissing } from '../lib/index.ts';

const pageBytes = 4096;
/** Linux fixes the unit of these files at 100 a second (USER_HZ), whatever the kernel's own clock is. */
const ticksPerSecond = 100;

/** Memory and processor time of any process as /proc/PID/stat has them; undefined when there is none of that id. */
export function readProcessUsage(pid: number): { residentBytes: number; cpuSeconds: number } | undefined {
  let text;
  try {
    text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return parseProcessStat(text);
}

/** The second field is the program's name in parentheses and may hold blanks and parentheses itself. */
export function parseProcessStat(text: string): { residentBytes: number; cpuSeconds: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // proc(5) numbers them from 1 and ours begin with field 3: utime is 14, stime 15, rss 24.
  const field = (number: number): number => Number(fields[number - 3]);
  return { residentBytes: field(24) * pageBytes, cpuSeconds: (field(14) + field(15)) / ticksPerSecond };
}
