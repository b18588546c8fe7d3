/**
 * A collector's thread with an engine that counts, and does what the ids of subscriptions say. Node runs this file itself, without the
 * test runner.
 */
import { existsSync } from 'node:fs';
import { SquallError } from '../../../src/lib/index.ts';
import type { NetworkEngine } from '../../../src/observers/collector/network-engine.ts';
import { runWorker } from '../../../src/observers/collector/worker/run-worker.ts';
import { createDatagramWalker, type NetworkCrossing } from '../../../src/observers/index.ts';
import { crossing } from './crossing.ts';
import { noEngineCounters } from './engine-counters.ts';
import { emptyView, orders } from './orders.ts';

function createFakeEngine(limits: unknown): NetworkEngine {
  const subscriptions = new Set<string>();
  const problems: Record<string, number> = {};
  const samples = { flowSamples: 0, counterSamples: 0 };
  let [datagrams, ticks, crossings] = [0, 0, 0];
  const walk = createDatagramWalker({
    datagram: () => undefined,
    flowSample: () => (samples.flowSamples += 1),
    counterSample: () => (samples.counterSamples += 1),
    skippedSample: () => undefined,
  });
  const crossed = (): NetworkCrossing[] => [...subscriptions].map((id) => crossing((crossings += 1), id));

  return {
    datagram: (bytes) => {
      datagrams += 1;
      const problem = walk(bytes);
      if (problem !== undefined) problems[problem.reason] = (problems[problem.reason] ?? 0) + 1;
      return crossed();
    },
    tick: () => {
      ticks += 1;
      return subscriptions.has(orders.crossAtTicks) ? crossed() : [];
    },
    put: ({ id }) => {
      if (id === orders.refuse) throw new SquallError('InvalidInput', 'keys: found none');
      subscriptions.add(id);
    },
    remove: (id) => {
      subscriptions.delete(id);
      if (id === orders.die) {
        setImmediate(() => {
          throw new Error('half a datagram was counted');
        });
      }
      if (id === orders.grow) {
        const kept: number[][] = [];
        for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => index / 3));
      }
      const [order, file = ''] = id.split(' ');
      if (order === orders.waitFor) while (!existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    },
    view: (id, nowMs) => (subscriptions.has(id) ? { ...emptyView, at: nowMs } : undefined),
    agents: () => [],
    // What was asked comes back.
    activeFlows: (query) => [{ key: JSON.stringify({ query, limits }), value: ticks, agent: '', dataSource: '' }],
    counters: () => ({ ...noEngineCounters, datagrams, problems, ...samples, crossings }),
  };
}

await runWorker(({ limits }) => createFakeEngine(limits));
