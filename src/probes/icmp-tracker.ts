import type { LossReason } from '../api/index.ts';
import type { FpingLine } from './icmp.ts';

export type SettledPing = { address: string; number: number; sentAt: number; rttMs?: number; reason?: LossReason };

/**
 * Makes complete, gapless samples of fping's lines. fping says nothing of a ping that the kernel refuses to send (no route,
 * neighbour not found, a rule that rejects); only its summaries count it. Without this such a probe would not be lost but missing.
 */
export type IcmpTracker = {
  /** A settled ping, and the unsendable ones that it proves. */
  settle(line: FpingLine): SettledPing[];
  /**
   * A summary, received at `nowMs`. It is acted on at the next call, when every line that fping printed before it has been read.
   */
  summary(address: string, settled: number, nowMs: number): SettledPing[];
  /** fping ended after `count` pings to each address: whatever has no line was not sendable. */
  finish(count: number): SettledPing[];
};

/** fping may print a time-out this much late. */
const graceMs = 500;

type Track = {
  settled: Set<number>;
  /** All below are settled. */
  frontier: number;
  highest: number;
  /** How many are settled, by a line or because we declared them unsendable. */
  known: number;
  /** The newest ping whose sending time is known; those without a line are reckoned from it. */
  anchor: { index: number; sentAt: number };
  /** How many are settled as fping counts them, at the last summary. */
  counted: number;
  countedAt: number;
};

export function createIcmpTracker(options: {
  addresses: string[];
  periodMs: number;
  timeoutMs: number;
  startedAt: number;
}): IcmpTracker {
  const tracks = new Map<string, Track>(
    options.addresses.map((address) => [address, newTrack(options.startedAt, options.periodMs)]),
  );

  const sentAt = (track: Track, index: number) => track.anchor.sentAt + (index - track.anchor.index) * options.periodMs;

  function mark(track: Track, index: number): void {
    track.settled.add(index);
    track.known += 1;
    track.highest = Math.max(track.highest, index);
    while (track.settled.delete(track.frontier)) track.frontier += 1;
  }

  function declareUnsendable(address: string, track: Track, isDue: (index: number) => boolean): SettledPing[] {
    const declared: SettledPing[] = [];
    for (let index = track.frontier; ; index += 1) {
      if (track.settled.has(index) || index < track.frontier) continue;
      if (!isDue(index)) return declared;
      declared.push({ address, number: index, sentAt: sentAt(track, index), reason: 'unreachable' });
      mark(track, index);
    }
  }

  const overdue = (track: Track, index: number, nowMs: number) => sentAt(track, index) + options.timeoutMs + graceMs <= nowMs;

  return {
    settle(line) {
      const track = tracks.get(line.address);
      if (track === undefined) return [];
      // A second line about one ping (a reply after its time-out) changes nothing.
      if (line.index < track.frontier || track.settled.has(line.index)) return [];
      const sent = line.atMs - (line.rttMs ?? options.timeoutMs);
      mark(track, line.index);
      if (line.index > track.anchor.index) track.anchor = { index: line.index, sentAt: sent };
      const ping: SettledPing = { address: line.address, number: line.index, sentAt: sent };
      const settled = line.rttMs === undefined ? { ...ping, reason: 'timeout' as const } : { ...ping, rttMs: line.rttMs };
      return [
        ...declareUnsendable(line.address, track, (index) => index < track.highest && overdue(track, index, line.atMs)),
        settled,
      ];
    },
    summary(address, settled, nowMs) {
      const track = tracks.get(address);
      if (track === undefined) return [];
      let left = track.counted - track.known;
      const declared = declareUnsendable(address, track, (index) => left-- > 0 && overdue(track, index, track.countedAt));
      track.counted += settled;
      track.countedAt = nowMs;
      return declared;
    },
    finish(count) {
      return [...tracks].flatMap(([address, track]) => declareUnsendable(address, track, (index) => index < count));
    },
  };
}

function newTrack(startedAt: number, periodMs: number): Track {
  return {
    settled: new Set(),
    frontier: 0,
    highest: -1,
    known: 0,
    anchor: { index: -1, sentAt: startedAt - periodMs },
    counted: 0,
    countedAt: startedAt,
  };
}
