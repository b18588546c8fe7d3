import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';

export type GuestConsole = {
  lastLines: string[];
  panic?: string;
};

const linesKept = 40;

/** @param onLine told of every line as it comes */
export function readConsole(stream: Duplex, onLine: (line: string) => void = () => undefined): GuestConsole {
  const seen: GuestConsole = { lastLines: [] };
  linesOf(stream, (line) => {
    seen.panic ??= /Kernel panic.*/.exec(line)?.[0].trimEnd();
    seen.lastLines.push(line.trimEnd());
    if (seen.lastLines.length > linesKept) seen.lastLines.shift();
    onLine(line);
  });
  return seen;
}

/** The end of an error's message. */
export function consoleWords({ lastLines }: GuestConsole): string {
  return lastLines.length === 0
    ? '; its console stayed empty'
    : `; its console ended with:\n${lastLines.map((line) => `  ${line}`).join('\n')}`;
}

/**
 * An emulated processor very rarely sleeps through its timer (seen with QEMU 7.2, about once in a thousand boots), and the kernel
 * waits for it for ever. The kernel's own watch over such waits says so after 21 s (Documentation/RCU/stallwarn.rst).
 */
export function saysThatTimerIsLost(line: string): boolean {
  return /rcu: \S+ kthread timer wakeup didn't happen/.test(line);
}

/** Of a port of the machine, whose end is told by its process: a connection that breaks is no news. */
export function linesOf(stream: Duplex, onLine: (line: string) => void): void {
  createInterface({ input: stream })
    .on('line', onLine)
    .on('error', () => undefined);
}
