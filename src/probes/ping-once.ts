import { SquallError } from '../lib/index.ts';
import { fpingArguments, type FpingOptions, parseFpingLine } from './icmp.ts';
import { type NamespaceFile, startInNamespace } from './start-in-namespace.ts';

/**
 * Round-trip times in milliseconds of a fixed number of pings from inside a namespace, by address; unanswered ones are left out.
 * Takes count × period + time-out at most. Rejects with NotFound when the file no longer names the namespace.
 */
export async function pingOnce(
  namespace: NamespaceFile,
  options: FpingOptions & { count: number },
  signal?: AbortSignal,
): Promise<Record<string, number[]>> {
  signal?.throwIfAborted();
  const answered: Record<string, number[]> = Object.fromEntries(options.addresses.map((address) => [address, []]));
  const fping = startInNamespace(namespace, 'fping', fpingArguments(options), {
    stdout: (text) => {
      const line = parseFpingLine(text);
      if (line?.rttMs !== undefined) answered[line.address]?.push(line.rttMs);
    },
  });
  const stop = () => {
    fping.kill('SIGKILL');
  };
  const limitMs = options.count * (options.periodMs + options.addresses.length) + options.timeoutMs + 5000;
  const timer = setTimeout(stop, limitMs);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const end = await fping.ended;
    signal?.throwIfAborted();
    // fping ends with 1 or 2 when an address did not answer; anything else, or nothing sent, is a failure.
    if (end.code === null) throw new SquallError('Unavailable', `fping did not end within ${String(limitMs)} ms`);
    if (end.code > 2) throw new SquallError('Internal', `fping ended with ${String(end.code)}: ${end.stderr}`);
    return answered;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
