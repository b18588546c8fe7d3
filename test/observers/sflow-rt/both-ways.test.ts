/** The client of an sFlow-RT against our own server of its API. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Monitor, readManifests } from '../../../src/api/index.ts';
import type { NetworkCrossing, NetworkObserver, Subscription } from '../../../src/observers/index.ts';
import { createSflowRtClient, type SflowRtServer, startSflowRtServer } from '../../../src/observers/sflow-rt/index.ts';
import { eventually } from './eventually.ts';
import { agentView, createFakeCollector, type FakeCollector } from './fake-collector.ts';
import { traffic } from './subscriptions.ts';

vi.setConfig({ testTimeout: 60_000 });

let collector: FakeCollector;
let server: SflowRtServer;
let client: NetworkObserver;
const crossings: NetworkCrossing[] = [];

beforeEach(async () => {
  collector = createFakeCollector();
  collector.seen.agents = [agentView('10.0.0.9', { lastDatagramAt: 0 })];
  server = await startSflowRtServer({ collector, port: 0, now: () => 0 });
  const limits = { pollMs: 40, lostAfterMs: 1500, retryMs: 20, timeoutMs: 1000 };
  client = createSflowRtClient({ ip: '127.0.0.1', port: server.address.port, limits });
  crossings.length = 0;
  client.onCrossing((crossing) => crossings.push(crossing));
});
afterEach(async () => {
  await client.close();
  await server.close();
});

const state = async () => (await client.view(traffic.id))?.thresholds[0]?.state;

test('definitions, values, crossings and their end go through', async () => {
  await client.put(traffic);
  await eventually(async () => {
    expect(await state()).toBe('quiet');
  });
  expect(collector.subscriptions.get('rest')).toMatchObject({
    flows: [{ name: 'squall_shop_traffic_tcp', keys: ['ipsource', 'ipdestination'], smoothingMs: 200 }],
    thresholds: [{ name: 'squall_shop_traffic_ddos', flow: 'squall_shop_traffic_tcp', value: 100, rearmMs: 300 }],
  });
  collector.seen.flows = [{ key: 'a,b', value: 250.5, agent: '10.0.0.9', dataSource: '22' }];
  collector.cross({ threshold: 'squall_shop_traffic_ddos', flow: 'a,b' });
  await eventually(async () => {
    expect(await state()).toBe('firing');
    expect(crossings).toMatchObject([{ subscription: traffic.id, threshold: 'ddos', flow: 'a,b', value: 250.5, limit: 100 }]);
  });
  await client.remove(traffic.id);
  expect(collector.subscriptions.size).toBe(0);
});

test('a server that is started anew gets all again, and its first event is a crossing', async () => {
  await client.put({ ...traffic, events: { most: 10, timeoutMs: 300 } });
  await eventually(async () => {
    expect(await state()).toBe('quiet');
  });
  collector.cross({ threshold: 'squall_shop_traffic_ddos', value: 201 });
  await eventually(() => {
    expect(crossings).toHaveLength(1);
  });
  const { port } = server.address;
  await server.close();
  server = await startSflowRtServer({ collector, port, now: () => 0 });
  await eventually(() => {
    expect(collector.subscriptions.get('rest')?.thresholds).toHaveLength(1);
  });
  collector.cross({ threshold: 'squall_shop_traffic_ddos', value: 202 });
  await eventually(() => {
    expect(crossings.map(({ value }) => value)).toEqual([201, 202]);
  });
});

function subscriptionOf({ flows, thresholds, events }: Monitor): Subscription {
  return {
    id: 'default/sflow-monitor',
    flows: flows.map(({ name, keys, value, filter, flowStart, activeTimeoutMs, log }) => ({
      name,
      keys,
      value,
      filter,
      smoothingMs: 200,
      top: 5,
      log: log ? { flowStart, activeTimeoutMs } : undefined,
    })),
    thresholds: thresholds.map((threshold) => ({ ...threshold, flow: threshold.flowName, rearmMs: 1000 })),
    armings: [],
    events,
  };
}

test.each(['01-network-monitor.yaml', '08-network-monitor.yaml'])(
  'the monitor of the talk in %s works unchanged',
  async (file) => {
    const text = readFileSync(new URL(`../../fixtures/talk/${file}`, import.meta.url), 'utf8');
    const [manifest] = readManifests([{ name: file, text }]).manifests;
    if (manifest?.kind !== 'NetworkMonitor') throw new Error(`${file} has no NetworkMonitor`);
    const subscription = subscriptionOf(manifest.model);
    await client.put(subscription);
    await eventually(async () => {
      expect((await client.view(subscription.id))?.thresholds).toMatchObject([{ name: 'ddos', state: 'quiet', limit: 100 }]);
    });
    expect(collector.subscriptions.get('rest')?.flows.map(({ name }) => name)).toEqual([
      'squall_default_sflow-monitor_elephant-flow',
      'squall_default_sflow-monitor_icmp-flow',
    ]);
    collector.cross({ threshold: 'squall_default_sflow-monitor_ddos', flow: '10.0.0.1,10.0.0.2,1,2' });
    await eventually(() => {
      expect(crossings).toMatchObject([{ threshold: 'ddos', flow: '10.0.0.1,10.0.0.2,1,2', limit: 100 }]);
    });
  },
);
