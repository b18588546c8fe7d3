import { describe, expect, it } from 'vitest';
import { decodeRecording } from '../../../src/cli/sflow/decode-recording.ts';
import { datagram, ethernet, flowSample, ipv4, rawHeader, udp, zeros } from '../../observers/sflow/build.ts';
import { chunks, lengthPrefixed, pcap } from '../../observers/sflow/capture/files.ts';

const sflow = datagram([flowSample([rawHeader(ethernet(0x0800, ipv4(17, udp(1, 2))))])]);
const packet = ethernet(0x0800, ipv4(17, udp(5000, 6343, sflow)));

async function linesOf(file: Uint8Array, port?: number): Promise<{ lines: object[]; summary: string[] }> {
  const lines: object[] = [];
  const { summary } = await decodeRecording(chunks(file), { name: 'a.pcap', port }, (line) => {
    lines.push(JSON.parse(line) as object);
    return Promise.resolve(true);
  });
  return { lines, summary };
}

describe('a recording', () => {
  it('gives an object for each datagram, and counts what is none', async () => {
    const { lines, summary } = await linesOf(pcap([packet, ethernet(0x0806, zeros(28)), packet]));
    expect(lines).toMatchObject([{ sequence: 42 }, { sequence: 42 }]);
    expect(summary).toEqual([
      '192.0.2.1 sub-agent 7: 1 samples in 1 datagrams, 0 datagrams lost, 1 twice, 0 samples dropped by the agent',
      '1 packets carry no datagram that was asked for',
    ]);
  });

  it('gives what there is of a datagram that was cut, says how much, and counts it for nobody', async () => {
    const { lines, summary } = await linesOf(lengthPrefixed(sflow).subarray(0, -4));
    const error = `of a datagram of ${sflow.length} bytes the recording holds ${sflow.length - 4}`;
    expect(lines).toEqual([
      { agent: '192.0.2.1', subAgent: 7, sequence: 42, uptimeMs: 5000, samples: [], error, reason: 'CutShort' },
    ]);
    expect(summary).toEqual(['1 datagrams or packets could not be read whole']);
  });

  it('gives an error for what cannot be read of it', async () => {
    const first = ethernet(0x0800, ipv4(17, udp(5000, 6343, sflow).subarray(0, 16), { fragment: 0x2000 }));
    const { lines } = await linesOf(pcap([first, packet]).subarray(0, -1));
    expect(lines).toMatchObject([{ reason: 'Fragmented' }, { reason: 'CutShort' }, { reason: 'DamagedCapture' }]);
  });

  it('is read no further when nobody reads what is written', async () => {
    const lines: string[] = [];
    await decodeRecording(chunks(pcap([packet, packet])), { name: 'a.pcap' }, (line) => {
      lines.push(line);
      return Promise.resolve(false);
    });
    expect(lines).toHaveLength(1);
  });
});
