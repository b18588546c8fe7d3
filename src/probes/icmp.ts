/** How fping (5.1) is asked, and what its lines mean. Pure: running it is `prober.ts`. */

export type FpingOptions = {
  /** Of both families; printed by fping exactly as given here. */
  addresses: string[];
  /** Milliseconds between two pings to one address. */
  periodMs: number;
  /** A reply later than this is lost. */
  timeoutMs: number;
  /** Bytes of data in each ping: 56 for hypothesis probes, another number for dose probes, so that the gate can tell them apart. */
  payloadBytes: number;
  /** Absent: until it is killed. */
  count?: number;
  /** Without a count: it is killed within this time. */
  lastsMs?: number;
};

/** fping keeps some 100 bytes of each ping that it has been told of. */
const mostPingsKept = 500_000;
/** More than anybody takes to kill it. */
const spareMs = 60_000;

/**
 * Without a count fping has room for the pings of one time-out only. A machine that stands still for longer than a period lets it send more than
 * that at once, and of those that are not answered it forgets some, and waits for them: it then prints nothing of that address until a ping is
 * answered again. With a count it has room for all.
 */
function roomFor({ addresses, periodMs, lastsMs = Infinity }: FpingOptions): number | undefined {
  const pings = Math.ceil((lastsMs + spareMs) / periodMs);
  return pings * addresses.length <= mostPingsKept ? pings : undefined;
}

/** fping's shortest pause between two packets; one process can serve period / pause addresses. */
export const shortestPauseMs = 1;

export function fpingArguments(options: FpingOptions): string[] {
  const count = options.count ?? roomFor(options);
  return [
    ...(count === undefined ? ['-l'] : ['-c', String(count)]),
    '-D',
    '-i',
    String(shortestPauseMs),
    '-p',
    String(options.periodMs),
    '-t',
    String(options.timeoutMs),
    '-b',
    String(options.payloadBytes),
    '--',
    ...options.addresses,
  ];
}

/** One settled ping. `index` counts an address's pings from 0; `atMs` is when fping printed the line, milliseconds since 1970. */
export type FpingLine = { address: string; index: number; atMs: number; rttMs?: number };

const settledPattern = /^\[(\d+\.\d+)\] (\S+)\s*: \[(\d+)\], (?:\d+ bytes, ([\d.]+) ms|timed out)/;

/** Undefined for lines that settle no ping: duplicates, ICMP errors (the ping still times out), blank lines. */
export function parseFpingLine(line: string): FpingLine | undefined {
  const match = settledPattern.exec(line);
  if (!match) return undefined;
  const [, seconds, address = '', index, rtt] = match;
  const settled: FpingLine = { address, index: Number(index), atMs: Number(seconds) * 1000 };
  return rtt === undefined ? settled : { ...settled, rttMs: Number(rtt) };
}

const summaryPattern = /^(\S+)\s*: xmt\/rcv\/%loss = (\d+)\/\d+\//;

/**
 * One line of the summary that SIGQUIT asks for: pings settled since the last summary, counting those that the kernel refused to
 * send, for which fping prints no line at all.
 */
export function parseFpingSummary(line: string): { address: string; settled: number } | undefined {
  const match = summaryPattern.exec(line);
  return match ? { address: match[1] ?? '', settled: Number(match[2]) } : undefined;
}
