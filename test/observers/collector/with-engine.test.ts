import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Collector, type NetworkCrossing, openCollector, type Subscription } from '../../../src/observers/index.ts';
import { payloadsOf } from '../sflow/recordings.ts';
import { sendDatagrams } from './send-datagrams.ts';

// A thread that compiles its sources takes seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
const patience = { timeout: 30_000 };

let collector: Collector | undefined;
afterEach(async () => {
  await collector?.close();
});

const subscription: Subscription = {
  id: 'shop/traffic',
  flows: [{ name: 'pairs', keys: ['ipsource', 'ipdestination'], value: 'frames', smoothingMs: 2000, top: 3 }],
  thresholds: [
    {
      name: 'busy',
      flow: 'pairs',
      value: 1,
      detector: 'ewma',
      condition: 'above',
      rearmMs: 60_000,
      byFlow: false,
      exemptTargets: false,
    },
  ],
  armings: [],
};

describe('the collector with its own engine', () => {
  it('tells of a recording which agent sent it, which flows are the largest, and that they cross a threshold', async () => {
    const payloads = await payloadsOf('ovs-tcp4-s64', 'bin');
    collector = await openCollector({ host: '127.0.0.1', port: 0, allow: ['127.0.0.1'] });
    const crossed: NetworkCrossing[] = [];
    collector.onCrossing((crossing) => crossed.push(crossing));
    await collector.put(subscription);
    await sendDatagrams(collector.address, payloads);
    await expect.poll(async () => (await collector?.counters())?.engine.datagrams, patience).toBe(payloads.length);
    await expect.poll(() => crossed.length, patience).toBeGreaterThan(0);

    const view = await collector.view(subscription.id);
    expect(await collector.agents()).toEqual([expect.objectContaining({ datagrams: payloads.length, malformed: 0, lost: 0 })]);
    const pairs = await collector.activeFlows({ id: subscription.id, flow: 'pairs', most: 3 });
    expect(view?.flows).toEqual([
      { name: 'pairs', top: pairs.map((flow) => expect.objectContaining({ key: flow.key }) as unknown), size: pairs.length },
    ]);
    expect(crossed[0]).toMatchObject({ subscription: subscription.id, threshold: 'busy', limit: 1 });
    expect(pairs.map(({ key }) => key)).toContain(crossed[0]?.flow);
    expect((await collector.counters()).engine.crossings).toBe(crossed.length);
  });

  it('refuses a flow that it does not understand', async () => {
    collector = await openCollector({ host: '127.0.0.1', port: 0 });
    const [flow] = subscription.flows;
    const wrong = { ...subscription, flows: [{ ...flow, keys: ['ipsauce'] }] } as Subscription;
    await expect(collector.put(wrong)).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('ipsauce') as string,
    });
    expect(await collector.view(subscription.id)).toBeUndefined();
  });
});
