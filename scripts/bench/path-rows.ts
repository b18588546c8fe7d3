/** What packets pay, as rows and as a table. Pure. */
import { ratiosOf, type Spread, spreadOf, spreadText, tableLines } from './summary.ts';

/** Of two without a gate the second shows how much figures differ by chance. With `out` nothing that comes in meets a chain. */
export const variants = [
  'no gate',
  'no gate again',
  'gate out, 10 peers',
  'gate out, 1000 peers',
  'gate both ways, 10 peers',
  'gate both ways, 1000 peers',
] as const;
export type Variant = (typeof variants)[number];

/** `rttMs` is the mean of the middle half of many pings. */
export type PathSample = { tcpBitsPerSecond: number; udpPacketsPerSecond: number; rttMs: number };
export type PathRound = Record<Variant, PathSample>;

/** Ratios are to 'no gate' of the same round, and so is what was added to the round trip, in microseconds. */
export type PathRow = {
  variant: Variant;
  tcpGbitPerSecond: Spread;
  tcpRatio: Spread;
  udpPacketsPerSecond: Spread;
  udpRatio: Spread;
  /** What a sender that does nothing else needs more for a packet, in nanoseconds. */
  udpAddedNs: Spread;
  rttUs: Spread;
  addedUs: Spread;
};

export function pathRows(rounds: readonly PathRound[]): PathRow[] {
  const valuesOf = (variant: Variant, field: keyof PathSample) => rounds.map((round) => round[variant][field]);
  const ratio = (variant: Variant, field: keyof PathSample) => ratiosOf(valuesOf(variant, field), valuesOf('no gate', field));
  return variants.map((variant) => ({
    variant,
    tcpGbitPerSecond: spreadOf(valuesOf(variant, 'tcpBitsPerSecond').map((bits) => bits / 1e9)),
    tcpRatio: ratio(variant, 'tcpBitsPerSecond'),
    udpPacketsPerSecond: spreadOf(valuesOf(variant, 'udpPacketsPerSecond')),
    udpRatio: ratio(variant, 'udpPacketsPerSecond'),
    udpAddedNs: spreadOf(
      rounds.map((round) => 1e9 / round[variant].udpPacketsPerSecond - 1e9 / round['no gate'].udpPacketsPerSecond),
    ),
    rttUs: spreadOf(valuesOf(variant, 'rttMs').map((ms) => 1000 * ms)),
    addedUs: spreadOf(rounds.map((round) => 1000 * (round[variant].rttMs - round['no gate'].rttMs))),
  }));
}

export function pathLines(rows: readonly PathRow[]): string[] {
  const head = ['path', 'TCP Gbit/s', 'ratio', 'UDP packets/s', 'ratio', 'added ns/packet', 'round trip us', 'added us'];
  const cells = rows.map((row) => [
    row.variant,
    row.tcpGbitPerSecond.median.toFixed(2),
    spreadText(row.tcpRatio, 3),
    row.udpPacketsPerSecond.median.toFixed(0),
    spreadText(row.udpRatio, 3),
    spreadText(row.udpAddedNs, 0),
    row.rttUs.median.toFixed(0),
    spreadText(row.addedUs, 1),
  ]);
  return tableLines([head, ...cells], 1);
}
