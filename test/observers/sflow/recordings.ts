/** The recorded datagrams in test/fixtures/sflow (its README says what they are). */
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Captured, readCapture } from '../../../src/observers/index.ts';

// From the root of the project: a campaign that is bundled runs elsewhere.
const folder = resolve('test/fixtures/sflow');
const suffix = '.sflowtool.jsonl.gz';

export const recordingNames: string[] = readdirSync(folder)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length))
  .sort();

export const recordingFile = (name: string, extension: 'bin' | 'pcap'): string => join(folder, `${name}.${extension}`);

export async function payloadsOf(name: string, extension: 'bin' | 'pcap'): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = [];
  for (const captured of await capturedOf(createReadStream(recordingFile(name, extension)))) {
    if (captured.kind !== 'datagram') throw new Error(`${name}.${extension}: ${JSON.stringify(captured)}`);
    payloads.push(captured.payload);
  }
  return payloads;
}

export async function capturedOf(chunks: AsyncIterable<Uint8Array>, port?: number): Promise<Captured[]> {
  const all: Captured[] = [];
  for await (const captured of readCapture(chunks, { name: 'the recording', port })) all.push(captured);
  return all;
}

/** What sflowtool printed for each datagram of the pcap: every value is text. */
export type SflowtoolDatagram = Record<string, string> & { samples: SflowtoolSample[] };
export type SflowtoolSample = Record<string, string> & { elements: SflowtoolElement[] };
export type SflowtoolElement = Record<string, string> & {
  adaptor_list?: { ifIndex: string; mac_list: string[] }[];
};

export const sflowtoolDecode = (name: string): SflowtoolDatagram[] =>
  gunzipSync(readFileSync(join(folder, `${name}${suffix}`)))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SflowtoolDatagram);

export type Truth = {
  sampling: number;
  netns_eth0_counter_delta: Record<string, number>;
};

export const truthOf = (name: string): Truth => JSON.parse(readFileSync(join(folder, `${name}.truth.json`), 'utf8')) as Truth;
