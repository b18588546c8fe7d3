import type { Problem } from './problems.ts';

/** A tag of sFlow: the enterprise in the upper 20 bits (0 is sFlow.org), the format in the lower 12. */
export const tagText = (tag: number): string => `${tag >>> 12}:${tag & 0xfff}`;

/** Tag and length. */
export const recordHeaderLength = 8;

/** XDR pads to a multiple of 4 bytes; the last item of a sloppy sender may lack that. */
export const paddedEnd = (end: number, limit: number): number => Math.min((end + 3) & ~3, limit);

/**
 * Calls `visit` for each record between `offset` and `end`, and for no more than `count`. One that reaches past the end is handed out cut to it,
 * since senders are known that count a sample 4 bytes short (Brocade); nothing is read behind it.
 */
export function walkRecords(
  view: DataView,
  offset: number,
  end: number,
  count: number,
  visit: (tag: number, start: number, end: number) => Problem | undefined,
): Problem | undefined {
  let problem: Problem | undefined;
  let start = offset;
  for (let index = 0; index < count; index += 1) {
    if (start + recordHeaderLength > end) {
      return problem ?? { reason: 'MissingRecords', offset: start, found: count, limit: index };
    }
    const tag = view.getUint32(start);
    const length = view.getUint32(start + 4);
    const [body, left] = [start + recordHeaderLength, end - start - recordHeaderLength];
    if (length > left) {
      const found = visit(tag, body, end);
      return problem ?? found ?? { reason: 'RecordPastEnd', offset: start, found: length, limit: left };
    }
    const found = visit(tag, body, body + length);
    problem ??= found;
    start = paddedEnd(body + length, end);
  }
  return problem;
}
