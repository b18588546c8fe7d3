import { readFile } from 'node:fs/promises';
import type { ProbeStream } from '../api/index.ts';
import { messageOf } from '../lib/index.ts';
import { createDuplicateFinder } from './duplicates.ts';
import { createIcmpTracker, type SettledPing } from './icmp-tracker.ts';
import { fpingArguments, parseFpingLine, parseFpingSummary } from './icmp.ts';
import type { LineProcess } from './line-process.ts';
import { type NamespaceFile, startInNamespace } from './start-in-namespace.ts';
import type { NumberedSample } from './seconds.ts';
import { groupPings, tcpRequest, type PingGroup } from './streams.ts';
import type { TcpProbeLine } from './tcp-probe/protocol.ts';

export type ProberOptions = {
  namespace: NamespaceFile;
  /** All of one namespace. */
  streams: readonly ProbeStream[];
  /** Data bytes of a ping. @default 56, what hypothesis probes carry */
  payloadBytes?: number;
  /** Streams without a count are stopped within so many milliseconds. @default they may go on for ever */
  lastsMs?: number;
  /** The JavaScript file of the TCP prober; the Node that runs us runs it. */
  tcpProbeProgram: string;
  onSample: (sample: NumberedSample) => void;
  /** A ping to this address was answered once more. */
  onDuplicate?: (address: string, number: number) => void;
};

/** `done`: every stream has a count and reached it. */
export type ProberEnd = { outcome: 'done' } | { outcome: 'stopped' } | { outcome: 'failed'; message: string };

export type Prober = {
  ended: Promise<ProberEnd>;
  /** Ends the programs at once; probes still open are not counted. Resolves when they are gone. */
  stop(): Promise<void>;
};

/** `ended` resolves with what went wrong, or undefined when the program did all it was asked for. */
type Program = { process: LineProcess; ended: Promise<string | undefined> };

/** How often fping is asked for its counts (icmp-tracker.ts tells why). */
const summaryEveryMs = 1000;
const pingPayloadBytes = 56;

/**
 * Starts the fewest programs that serve all streams of one namespace.
 * @throws SquallError InvalidInput when they are too many for one prober, NotFound when the file no longer names the namespace
 */
export function startProbers(options: ProberOptions): Prober {
  const request = tcpRequest(options.streams);
  let stopping = false;
  const programs: Program[] = [];

  const kill = () => {
    for (const { process } of programs) process.kill('SIGKILL');
  };
  try {
    for (const group of groupPings(options.streams)) programs.push(startPings(group, options));
    if (request.streams.length > 0) programs.push(startTcp(JSON.stringify(request), options));
  } catch (error) {
    kill();
    throw error;
  }
  const ended = Promise.all(
    programs.map(async (program) => {
      const failure = await program.ended;
      // One broken program ends all: half of the streams would look as if the other half had not been asked for.
      if (failure !== undefined && !stopping) kill();
      return failure;
    }),
  ).then((failures): ProberEnd => {
    const message = failures.find((failure) => failure !== undefined);
    if (stopping) return { outcome: 'stopped' };
    return message === undefined ? { outcome: 'done' } : { outcome: 'failed', message };
  });
  return {
    ended,
    stop: async () => {
      stopping = true;
      kill();
      await ended;
    },
  };
}

function startPings(group: PingGroup, options: ProberOptions): Program {
  const { periodMs, timeoutMs, count } = group;
  const addresses = [...group.streamsOf.keys()];
  const tracker = createIcmpTracker({ addresses, periodMs, timeoutMs, startedAt: Date.now() });
  const isDuplicate = createDuplicateFinder();
  const hand = (pings: SettledPing[]) => {
    for (const { address, ...ping } of pings) {
      for (const stream of group.streamsOf.get(address) ?? []) options.onSample({ stream, ...ping });
    }
  };
  const payloadBytes = options.payloadBytes ?? pingPayloadBytes;
  const { lastsMs } = options;
  const ends = { ...(count === undefined ? {} : { count }), ...(lastsMs === undefined ? {} : { lastsMs }) };
  const ping = fpingArguments({ addresses, periodMs, timeoutMs, payloadBytes, ...ends });
  const fping = startInNamespace(options.namespace, 'fping', ping, {
    stdout: (text) => {
      const line = parseFpingLine(text);
      if (line === undefined) return;
      if (isDuplicate(line)) options.onDuplicate?.(line.address, line.index);
      else hand(tracker.settle(line));
    },
    stderr: (text) => {
      const summary = count === undefined ? parseFpingSummary(text) : undefined;
      if (summary !== undefined) hand(tracker.summary(summary.address, summary.settled, Date.now()));
    },
  });
  const stopAsking = count === undefined ? askForSummaries(fping) : () => undefined;
  const ended = fping.ended.then(
    (end) => {
      stopAsking();
      // 0: all answered; 1: some did not; 2: an address that is none.
      if (count === undefined || end.code === null || end.code > 1) return `fping ended with ${describeEnd(end)}`;
      hand(tracker.finish(count));
      return undefined;
    },
    (error: unknown) => {
      stopAsking();
      return messageOf(error);
    },
  );
  return { process: fping, ended };
}

/**
 * SIGQUIT makes fping print its counts, but kills what is not yet fping (setpriv, nsenter) or has not yet set its handler: so it is
 * sent only from the second tick on at which the program bears fping's name.
 */
function askForSummaries(fping: LineProcess): () => void {
  let named = false;
  const timer = setInterval(() => {
    if (named) fping.kill('SIGQUIT');
    else {
      readFile(`/proc/${String(fping.pid)}/comm`, 'utf8').then(
        (name) => {
          named = name.trim() === 'fping';
        },
        () => undefined, // It has ended; `ended` tells.
      );
    }
  }, summaryEveryMs);
  return () => {
    clearInterval(timer);
  };
}

function startTcp(request: string, options: ProberOptions): Program {
  let broken: string | undefined;
  const prober = startInNamespace(
    options.namespace,
    process.execPath,
    [options.tcpProbeProgram],
    {
      stdout: (text) => {
        const sample = parseTcpLine(text);
        if (sample !== undefined) options.onSample(sample);
        else {
          broken ??= `the TCP prober printed ${JSON.stringify(text.slice(0, 200))}, which is no sample`;
          prober.kill('SIGKILL');
        }
      },
    },
    `${request}\n`,
  );
  const ended = prober.ended.then(
    (end) => broken ?? (end.code === 0 ? undefined : `the TCP prober ended with ${describeEnd(end)}`),
    (error: unknown) => messageOf(error),
  );
  return { process: prober, ended };
}

function parseTcpLine(text: string): NumberedSample | undefined {
  try {
    return JSON.parse(text) as TcpProbeLine;
  } catch {
    return undefined;
  }
}

function describeEnd(end: { code: number | null; signal: string | null; stderr: string }): string {
  const how = end.code === null ? `signal ${String(end.signal)}` : `code ${String(end.code)}`;
  return end.stderr === '' ? how : `${how}: ${end.stderr}`;
}
