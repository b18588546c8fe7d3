import type { Problem } from '../problems.ts';
import { tagText, walkRecords } from '../records.ts';
import type { DecodedRecord, RecordDecoder } from './record-decoder.ts';

export type Records = {
  decoded: Record<string, DecodedRecord>;
  skipped: string[];
  problem: Problem | undefined;
};

type Place = { recordsOffset: number; recordsEnd: number; recordCount: number };

/**
 * Decodes the records of a sample. Of several of one kind the first is; the others are listed as skipped, as are those of a kind that is not known.
 * `handled` are tags that were read elsewhere.
 */
export function decodeRecords(
  view: DataView,
  { recordsOffset, recordsEnd, recordCount }: Place,
  decoders: Readonly<Record<number, RecordDecoder>>,
  handled: ReadonlySet<number>,
): Records {
  const records: Records = { decoded: {}, skipped: [], problem: undefined };
  const seen = new Set<number>();
  records.problem = walkRecords(view, recordsOffset, recordsEnd, recordCount, (tag, start, end) => {
    const first = !seen.has(tag);
    seen.add(tag);
    if (first && handled.has(tag)) return undefined;
    // Tags of sFlow.org, whose enterprise is 0, are their formats.
    const decoder = first && Object.hasOwn(decoders, tag) ? decoders[tag] : undefined;
    if (decoder === undefined) records.skipped.push(tagText(tag));
    else records.decoded[decoder.name] = decoder.read({ view, offset: start, end });
    return undefined;
  });
  return records;
}
