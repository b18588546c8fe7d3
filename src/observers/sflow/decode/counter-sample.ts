/** Readings of one data source. One record is used for sample after sample; the counter records are read by `walkRecords`. */
export type CounterSample = {
  sequence: number;
  sourceType: number;
  sourceIndex: number;
  recordCount: number;
  /** From the datagram's first byte. */
  recordsOffset: number;
  recordsEnd: number;
};

/** Bytes before the records. */
export const counterSampleLengths = { compact: 12, expanded: 16 } as const;

export const createCounterSample = (): CounterSample => ({
  sequence: 0,
  sourceType: 0,
  sourceIndex: 0,
  recordCount: 0,
  recordsOffset: 0,
  recordsEnd: 0,
});

/** `layout` has its fixed length between `offset` and `end`. */
export function readCounterSample(
  view: DataView,
  offset: number,
  end: number,
  layout: keyof typeof counterSampleLengths,
  sample: CounterSample,
): void {
  sample.sequence = view.getUint32(offset);
  if (layout === 'compact') {
    sample.sourceType = view.getUint8(offset + 4);
    sample.sourceIndex = view.getUint32(offset + 4) & 0x00ff_ffff;
  } else {
    sample.sourceType = view.getUint32(offset + 4);
    sample.sourceIndex = view.getUint32(offset + 8);
  }
  sample.recordsOffset = offset + counterSampleLengths[layout];
  sample.recordCount = view.getUint32(sample.recordsOffset - 4);
  sample.recordsEnd = end;
}
