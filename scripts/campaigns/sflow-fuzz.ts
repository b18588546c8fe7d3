/** A million damaged sFlow datagrams: no exception, no result larger than its datagram allows, no memory that grows, and nothing of one datagram in the next. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom } from '../random.ts';
import { bounds, createJudge } from '../../test/observers/sflow/fuzz/judge.ts';
import { mutated } from '../../test/observers/sflow/fuzz/mutate.ts';
import { builtDatagrams } from '../../test/observers/sflow/fuzz/seeds.ts';
import { payloadsOf, recordingNames } from '../../test/observers/sflow/recordings.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';

const datagramCount = 1_000_000;
const mostProblems = 20;
const mebibyte = 2 ** 20;
/** What a heap may hold more after all of them than after the first tenth: a leak of 12 bytes a datagram would be more. */
const heapAllowance = 10 * mebibyte;

export async function sflowFuzz({ seed, say }: CampaignOptions): Promise<CampaignResult> {
  const recorded = (await Promise.all(recordingNames.map((name) => payloadsOf(name, 'bin')))).flat();
  const seeds = [...recorded, ...builtDatagrams];
  const [random, judge, problems] = [seededRandom(seed), createJudge(), [] as string[]];
  const totals = { bytes: 0, samples: 0, complained: 0, mostCharactersPerByte: 0, longest: 0 };
  let heapBefore = Number.NaN;
  for (let index = 0; index < datagramCount && problems.length < mostProblems; index += 1) {
    const datagram = mutated(seeds, random);
    const { problem, characters, samples, complained } = judge(datagram);
    if (problem !== undefined) problems.push(`datagram ${index}: ${problem}: ${Buffer.from(datagram).toString('hex')}`);
    totals.bytes += datagram.length;
    totals.samples += samples;
    totals.complained += complained ? 1 : 0;
    totals.longest = Math.max(totals.longest, datagram.length);
    if (datagram.length >= 100)
      totals.mostCharactersPerByte = Math.max(totals.mostCharactersPerByte, characters / datagram.length);
    if (index === datagramCount / 10) heapBefore = collectedHeap();
    if (index % 100_000 === 99_999) say(`${index + 1} of ${datagramCount} datagrams, ${problems.length} problems`);
  }
  const heapGrowth = collectedHeap() - heapBefore;
  if (heapGrowth > heapAllowance)
    problems.push(`the heap holds ${(heapGrowth / mebibyte).toFixed(1)} MiB more after all datagrams than after a tenth`);
  const { bytes, samples, complained, mostCharactersPerByte, longest } = totals;
  const text = [
    `${datagramCount} datagrams made of ${seeds.length} by one to six damages each, seed ${seed}: ${problems.length} problems.`,
    '',
    `- ${(bytes / 1e6).toFixed(0)} MB, the longest datagram ${longest} bytes; ${samples} samples were read, ${complained} datagrams or samples of them complained about.`,
    `- Nothing was thrown. No result had more than a value for each ${bounds.bytesPerValue} bytes and ${bounds.charactersPerByte} characters of JSON for each byte, besides what an empty datagram has; the most, of datagrams of at least 100 bytes, was ${mostCharactersPerByte.toFixed(1)} characters a byte.`,
    `- Each result was the same among other bytes, by a decoder that had read others before.`,
    `- After a full collection the heap held ${(heapGrowth / 1024).toFixed(0)} KiB more after all datagrams than after the first tenth.`,
  ].join('\n');
  return {
    problems,
    text,
    data: { seed, datagrams: datagramCount, seeds: seeds.length, ...totals, heapGrowthBytes: heapGrowth, bounds },
  };
}

/** Bytes in use after a full collection. */
function collectedHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
