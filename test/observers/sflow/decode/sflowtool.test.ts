import { describe, expect, it } from 'vitest';
import { createDatagramDecoder } from '../../../../src/observers/index.ts';
import { fromSflowtool } from '../from-sflowtool.ts';
import { payloadsOf, recordingNames, sflowtoolDecode } from '../recordings.ts';

describe.each(recordingNames)('the decode of %s', (name) => {
  it('says what sflowtool says of every datagram, and what a tunnel carries besides', async () => {
    const decode = createDatagramDecoder();
    const decoded = (await payloadsOf(name, 'pcap')).map((payload) => withoutTunnels(decode(payload)));
    expect(decoded).toEqual(sflowtoolDecode(name).map(fromSflowtool));
  });

  it('is the same from the file of bare datagrams, which may begin or end elsewhere', async () => {
    const decode = createDatagramDecoder();
    const [fromPcap, fromBin] = await Promise.all(
      (['pcap', 'bin'] as const).map(async (extension) =>
        (await payloadsOf(name, extension)).map((payload) => JSON.stringify(decode(payload))),
      ),
    );
    const shared = fromBin?.filter((datagram) => fromPcap?.includes(datagram)) ?? [];
    expect(shared.length).toBeGreaterThanOrEqual((fromPcap?.length ?? 0) - 1);
    expect(shared.length).toBeGreaterThanOrEqual((fromBin?.length ?? 0) - 1);
  });
});

/** sflowtool reads no packet inside another. */
const withoutTunnels = (datagram: unknown): unknown =>
  JSON.parse(JSON.stringify(datagram), (key, value: unknown) => (key === 'tunnel' ? undefined : value));
