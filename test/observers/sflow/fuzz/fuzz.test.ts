import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../scripts/random.ts';
import { type Bytes, concat, datagram, flowSample, half, tagged, words, zeros } from '../build.ts';
import { capturedOf, payloadsOf, recordingNames } from '../recordings.ts';
import { chunks, pcap, pcapng } from '../capture/files.ts';
import { createJudge } from './judge.ts';
import { mutated } from './mutate.ts';
import { builtDatagrams } from './seeds.ts';

/** Thousands of datagrams take seconds on a machine that others keep busy. */
const patient = { timeout: 120_000 };
const judge = createJudge();
let recorded: Uint8Array[];
beforeAll(async () => {
  recorded = (await Promise.all(recordingNames.map((name) => payloadsOf(name, 'bin')))).flat();
});

/** Tags that are decoded and some that are not; lengths that are right, and those that are not. */
const tag = fc.oneof(
  fc.integer({ min: 1, max: 8 }),
  fc.integer({ min: 1000, max: 1045 }),
  fc.integer({ min: 2000, max: 2210 }),
  fc.nat(0xffffffff),
);
const record = fc.tuple(tag, fc.uint8Array({ maxLength: 96 })).map(([number, body]) => tagged(number, body));
const sample = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 5 }), tag),
    fc.uint8Array({ minLength: 24, maxLength: 44 }),
    fc.array(record, { maxLength: 5 }),
  )
  .map(([number, body, records]) => tagged(number, body, concat(...records)));
const structured = fc
  .tuple(fc.array(sample, { maxLength: 5 }), fc.option(fc.nat(0xffffffff), { nil: undefined }))
  .map(([samples, count]) => datagram(samples, undefined, count));

describe('the decode of any bytes', () => {
  it('never throws, and its result is bounded by their length', patient, () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), structured), (bytes) => {
        expect(judge(bytes).problem).toBeUndefined();
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  it('holds of recorded datagrams that were damaged', patient, () => {
    const random = seededRandom(1);
    const seeds = [...recorded, ...builtDatagrams];
    const problems: string[] = [];
    for (let index = 0; index < 5000; index += 1) {
      const bytes = mutated(seeds, random);
      const { problem } = judge(bytes);
      if (problem !== undefined) problems.push(`${problem} of ${Buffer.from(bytes).toString('hex')}`);
    }
    expect(problems).toEqual([]);
  });

  const times = (count: number, ...bytes: Bytes[]): Uint8Array =>
    concat(...Array.from({ length: count }, () => concat(...bytes)));
  const withRecord = (number: number, body: Bytes): Uint8Array => datagram([flowSample([tagged(number, body)])]);
  it.each<[string, Uint8Array]>([
    ['samples of no byte', datagram([times(8000, words(0xfffffffe, 0))], undefined, 0xffffffff)],
    [
      'flow samples of no record',
      datagram([times(1500, tagged(1, words(...Array<number>(8).fill(0xbfffffff))))], undefined, 0xffffffff),
    ],
    [
      'discarded packets of no record',
      datagram([times(1500, tagged(5, words(1, 2, 3, 4, 5, 6, 278, 0)))], undefined, 0xffffffff),
    ],
    ['counter samples of no record', datagram([times(3000, tagged(2, words(1, 2, 9)))], undefined, 0xffffffff)],
    ['records of no byte', datagram([flowSample([times(8000, words(0xfffffffe, 0))], 9, 10, 0xffffffff)])],
    ['a VLAN tag', withRecord(1, concat(words(1, 1518, 4, 60_000), zeros(12), times(15_000, half(0x8100), half(4095))))],
    ['an MPLS label', withRecord(1, concat(words(13, 1518, 4, 60_000), times(15_000, words(0xfffffe00))))],
    ['numbers', withRecord(1012, times(15_000, words(0xffffffff)))],
    ['a path of empty segments', withRecord(1003, concat(words(0, 1, 2, 3, 0xffffffff), times(7500, words(2, 0))))],
    ['control characters', withRecord(1038, concat(words(0xffffffff), zeros(60_000)))],
    [
      'adapters without addresses',
      datagram([tagged(2, words(1, 7, 1), tagged(2001, words(0xffffffff), times(7500, words(1, 0))))]),
    ],
  ])('is bounded for %s, as often as a datagram has room for it', (_, bytes) => {
    expect(judge(bytes).problem).toBeUndefined();
  });

  it('holds of datagrams as they are, of which none is damaged', () => {
    for (const bytes of [...recorded, ...builtDatagrams])
      expect(judge(bytes)).toMatchObject({ problem: undefined, complained: false });
  });
});

describe('the reading of any file', () => {
  it('never throws but for a format that is not known', patient, async () => {
    const files = [pcap(recorded.slice(0, 3)), pcapng(recorded.slice(0, 3)), pcap(recorded.slice(0, 3), { linkType: 276 })];
    const random = seededRandom(2);
    for (let index = 0; index < 3000; index += 1) {
      const file = mutated(files, random);
      const captured = await capturedOf(chunks(file, 4096)).catch((error: unknown) => error);
      if (captured instanceof Error) expect(captured).toMatchObject({ code: 'InvalidInput' });
    }
  });
});
