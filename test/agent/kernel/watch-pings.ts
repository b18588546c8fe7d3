/** Pings from a target all the time, by a program that knows of nothing: what a fault really does to whom, and when. */
import { startProbers } from '../../../src/probes/index.ts';
import { addressesOf, type Pair } from '../../kernel/namespaces.ts';

/** `sentAt` is in milliseconds since 1970. */
export type PingSample = { sentAt: number; lost: boolean };

export type WatchedPings = {
  /** Resolves once a ping that was sent after that instant was lost; rejects when none is for long. */
  untilLost(after: number): Promise<void>;
  untilAnswered(after: number): Promise<void>;
  end(): Promise<PingSample[]>;
};

const periodMs = 20;
const timeoutMs = 300;
/** More than any test takes. With a count fping has room for them all: without, one that was late for a period forgets those that time out. */
const count = 5000;
const longestWaitMs = 15_000;

/** Both families of each peer. */
export function watchPings({ namespace, podUid }: Pair, peers: number[]): WatchedPings {
  const samples: PingSample[] = [];
  const waiting = new Set<() => void>();
  const prober = startProbers({
    namespace,
    streams: addressesOf(...peers).map((address) => {
      return { id: address, hypothesis: 'h', podUid, protocol: 'icmp' as const, address, periodMs, timeoutMs, count };
    }),
    tcpProbeProgram: '',
    onSample: ({ sentAt, rttMs }) => {
      samples.push({ sentAt, lost: rttMs === undefined });
      for (const look of [...waiting]) look();
    },
  });
  const until = async (what: string, wanted: (sample: PingSample) => boolean): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`no ping was ${what} for ${String(longestWaitMs)} ms: ${JSON.stringify(samples.slice(-3))}`));
      }, longestWaitMs);
      const look = () => {
        if (!samples.some(wanted)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  };
  return {
    untilLost: async (after) => {
      await until('lost', ({ sentAt, lost }) => lost && sentAt > after);
    },
    untilAnswered: async (after) => {
      await until('answered', ({ sentAt, lost }) => !lost && sentAt > after);
    },
    end: async () => {
      await prober.stop();
      return samples;
    },
  };
}

/** When the last of those was sent that were lost; NaN when none was. */
export function lastLost(samples: readonly PingSample[]): number {
  return Math.max(...samples.filter(({ lost }) => lost).map(({ sentAt }) => sentAt));
}
