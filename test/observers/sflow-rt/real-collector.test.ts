/** An unmodified client of an sFlow-RT, with datagrams that come over UDP into the collector itself. */
import { expect, test, vi } from 'vitest';
import { openCollector, startSflowRtServer } from '../../../src/observers/index.ts';
import { createExporter, times } from '../collector/exporter.ts';
import { sendDatagrams } from '../collector/send-datagrams.ts';
import { curl, runCurlClient } from './curl-client.ts';

// A thread that compiles its sources takes seconds to start on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

test('curl defines a flow and a threshold, waits for the event, and asks for the flow that it names', async () => {
  const collector = await openCollector({ host: '127.0.0.1', port: 0 });
  const server = await startSflowRtServer({ collector, port: 0 });
  try {
    const base = `http://127.0.0.1:${String(server.address.port)}`;
    const exporter = createExporter({ agent: '192.0.2.7', samplingRate: 64 });
    const storm = times(10, { source: '10.0.0.1', destination: '10.0.0.2', destinationPort: 80 });
    const wanted = {
      ...{ flow: 'elephant', threshold: 'ddos', keys: 'ipsource,ipdestination,tcpsourceport,tcpdestinationport' },
      ...{ value: 'frames', limit: 100, waitSeconds: 60 },
    };
    const { put, events, largest, removed } = await runCurlClient(base, wanted, async () => {
      for (const uptimeMs of [1000, 2000, 3000]) await sendDatagrams(collector.address, [exporter.datagram(uptimeMs, storm)]);
    });
    expect(put.map(({ status }) => status)).toEqual([204, 204]);
    expect(events).toMatchObject([
      {
        ...{ agent: '192.0.2.7', dataSource: '2:1000', metric: 'elephant', thresholdID: 'ddos', threshold: 100 },
        flowKey: '10.0.0.1,10.0.0.2,40000,80',
      },
    ]);
    expect(events[0]?.value).toBeGreaterThan(100);
    expect(JSON.parse(largest.body)).toMatchObject([{ topKeys: [{ key: '10.0.0.1,10.0.0.2,40000,80' }] }]);
    expect(removed.map(({ status }) => status)).toEqual([204, 204]);
    expect((await curl('GET', `${base}/flow/elephant/json`)).status).toBe(404);
  } finally {
    await server.close();
    await collector.close();
  }
});
