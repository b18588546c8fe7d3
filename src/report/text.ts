import type { DoseUnit } from '../api/index.ts';

/**
 * What must never reach a page, an XML file or a terminal from somebody else's text: control characters other than tab and line
 * end, halves of surrogate pairs, XML's non-characters, and marks that turn the direction of the text around them.
 */
const unprintable =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

export function cleanText(text: string): string {
  return text.replace(unprintable, '');
}

/** The same on one line: every run of blanks and line ends is one blank. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ').trim();
}

/** At most `most` characters; a longer text ends in an ellipsis. */
export function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** 12345 → `12,345`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Milliseconds with about four digits that mean something: `0.052 ms`, `8.21 ms`, `200.4 ms`, `1,203 ms`. */
export function formatMs(milliseconds: number): string {
  return `${formatNumber(milliseconds)} ms`;
}

/** `0 %`, `0.25 %`, `12.5 %`, `100 %`. */
export function formatPercent(percent: number): string {
  const shown = Math.abs(percent) < 1 ? percent.toFixed(2) : percent.toFixed(1);
  return `${String(Number(shown))} %`;
}

export function formatValue(value: number, unit: DoseUnit): string {
  if (unit === 'bit/s') return formatRate(value);
  return unit === 'ms' ? formatMs(value) : formatPercent(value);
}

/** `20.1 Mbit/s`, `950 kbit/s`. */
export function formatRate(bitsPerSecond: number): string {
  const [size, name] = (
    [
      [1e9, 'Gbit/s'],
      [1e6, 'Mbit/s'],
      [1e3, 'kbit/s'],
    ] as const
  ).find(([least]) => bitsPerSecond >= least) ?? [1, 'bit/s'];
  return `${formatNumber(bitsPerSecond / size)} ${name}`;
}

/** A span of time for people: `12 ms`, `1.25 s`, `42.0 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatSpan(milliseconds: number): string {
  if (milliseconds < 1000) return `${String(Math.round(milliseconds))} ms`;
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(2)} s`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min ${pad(seconds % 60)} s`;
  return `${String(Math.floor(minutes / 60))} h ${pad(minutes % 60)} min`;
}

/** Time left or gone, as a stopwatch shows it: `0:07`, `12:30`, `1:02:03`. */
export function formatStopwatch(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${String(hours)}:${pad(minutes)}:${pad(seconds % 60)}` : `${String(minutes)}:${pad(seconds % 60)}`;
}

/** `2026-03-01 02:30:00.123 UTC` from an RFC 3339 instant; any other text comes back as it is. */
export function formatInstantForPeople(instant: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)Z$/.exec(instant);
  return match ? `${match[1] ?? ''} ${match[2] ?? ''} UTC` : instant;
}

/** About four digits that mean something: `0.052`, `8.21`, `200.4`, `1,203`. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size < 1) return String(Number(value.toFixed(3)));
  if (size >= 1000) return formatCount(value);
  return String(Number(value.toFixed(size < 10 ? 2 : 1)));
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
