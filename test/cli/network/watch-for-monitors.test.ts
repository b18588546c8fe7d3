import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { servedKinds } from '../../../src/api/index.ts';
import type { Network } from '../../../src/cli/network/network.ts';
import { onDemand } from '../../../src/cli/network/on-demand.ts';
import { watchForMonitors } from '../../../src/cli/network/watch-for-monitors.ts';
import { monitors } from '../../../src/control/index.ts';
import { messageOf, SquallError, systemClock } from '../../../src/lib/index.ts';
import type { Collector } from '../../../src/observers/index.ts';
import { type RunningServer, startServer } from '../../store/support.ts';

let server: RunningServer;
const stopping: AbortController[] = [];
beforeEach(async () => {
  server = await startServer({ resources: servedKinds });
});
afterEach(async () => {
  for (const one of stopping.splice(0)) one.abort('Stopped');
  await server[Symbol.asyncDispose]();
});

/** Collectors that are told what to watch, and end when a test says so. The first tries to open one fail. */
function numbered(failures = 0) {
  let tries = 0;
  const collectors: { watched: string[]; closed: boolean; end: () => void }[] = [];
  let ending = new AbortController();
  const collector = onDemand((ended) => {
    tries += 1;
    if (tries <= failures) return Promise.reject(new SquallError('Unavailable', 'port 6343 is in use'));
    const one = {
      watched: [] as string[],
      closed: false,
      end: () => {
        ended();
        ending.abort(new SquallError('Unavailable', 'the sFlow collector has ended'));
      },
    };
    collectors.push(one);
    return Promise.resolve({
      name: 'collector',
      put: ({ id }: { id: string }) => {
        one.watched.push(id);
        return Promise.resolve();
      },
      remove: () => Promise.resolve(),
      view: () => Promise.resolve(undefined),
      onCrossing: () => () => undefined,
      close: () => {
        one.closed = true;
        return Promise.resolve();
      },
    } as unknown as Collector);
  });
  const network: Network = {
    collector,
    openSflowRt: () => {
      throw new Error('no monitor has an endpoint');
    },
    ended: () => {
      if (ending.signal.aborted) ending = new AbortController();
      return ending.signal;
    },
  };
  return { network, collectors };
}

const traffic = { name: 'traffic', namespace: 'shop' };
async function addMonitor(): Promise<void> {
  await server.store.create(monitors, {
    apiVersion: monitors.apiVersion,
    kind: monitors.kind,
    metadata: traffic,
    spec: { flows: [{ name: 'tcp', keys: 'ipsource', value: 'frames' }] },
  });
}

function watch(network: Network, serveOver?: (collector: Collector) => Promise<{ close(): Promise<void> }>) {
  const stop = new AbortController();
  stopping.push(stop);
  const told: string[] = [];
  const onError = (key: string, error: unknown): void => {
    if (key === 'REST API over the collector') told.push(messageOf(error));
  };
  const usual = { clock: systemClock, random: Math.random, onError };
  const ended = watchForMonitors({ store: server.store, network, ...usual, ...(serveOver ? { serveOver } : {}) }, stop.signal);
  return { stop, ended, told };
}

describe('watching for monitors', { timeout: 30_000 }, () => {
  it('opens no collector while there is no monitor, and closes it at the end', async () => {
    const { network, collectors } = numbered();
    const { stop, ended } = watch(network);
    await systemClock.sleep(300);
    expect(collectors).toEqual([]);
    await addMonitor();
    await expect.poll(() => collectors[0]?.watched[0]).toBe('shop/traffic');
    stop.abort('Stopped');
    await ended;
    expect(collectors.map(({ closed }) => closed)).toEqual([true]);
  });

  it('is begun anew where a collector has ended by itself: the next one is told the same', async () => {
    const { network, collectors } = numbered();
    watch(network);
    await addMonitor();
    await expect.poll(() => collectors[0]?.watched[0]).toBe('shop/traffic');
    collectors[0]?.end();
    await expect.poll(() => collectors[1]?.watched[0], { timeout: 10_000 }).toBe('shop/traffic');
    expect(collectors).toHaveLength(2);
  });

  it('serves over each collector as long as it lives, also without a monitor', async () => {
    const { network, collectors } = numbered();
    const said: string[] = [];
    const { stop, ended } = watch(network, () => {
      said.push('served');
      return Promise.resolve({
        close: () => {
          said.push('closed');
          return Promise.resolve();
        },
      });
    });
    await expect.poll(() => said).toEqual(['served']);
    collectors[0]?.end();
    await expect.poll(() => said, { timeout: 10_000 }).toEqual(['served', 'closed', 'served']);
    stop.abort('Stopped');
    await ended;
    expect(said.at(-1)).toBe('closed');
  });

  it('goes on where it cannot be served again over the next collector, and tries again', async () => {
    const { network, collectors } = numbered();
    let isTaken = false;
    const said: string[] = [];
    const { told } = watch(network, () => {
      if (isTaken) return Promise.reject(new SquallError('Unavailable', 'port 8008 is in use'));
      said.push('served');
      return Promise.resolve({ close: () => Promise.resolve() });
    });
    await addMonitor();
    await expect.poll(() => collectors[0]?.watched[0]).toBe('shop/traffic');
    isTaken = true;
    collectors[0]?.end();
    await expect.poll(() => told, { timeout: 10_000 }).toEqual(['port 8008 is in use']);
    await expect.poll(() => collectors[1]?.watched[0], { timeout: 10_000 }).toBe('shop/traffic');
    isTaken = false;
    await expect.poll(() => said, { timeout: 10_000 }).toEqual(['served', 'served']);
  });

  it('tries again where the collector that it serves over cannot be opened', async () => {
    const { network, collectors } = numbered(1);
    const said: string[] = [];
    const { told } = watch(network, () => {
      said.push('served');
      return Promise.resolve({ close: () => Promise.resolve() });
    });
    await expect.poll(() => said, { timeout: 10_000 }).toEqual(['served']);
    expect([told, collectors.length]).toEqual([['port 6343 is in use'], 1]);
  });

  it.each([
    ['nobody is served over it', false, undefined],
    ['it is served over', true, 'port 6343 is in use'],
  ])('a collector that no monitor wants any more has failed no longer, where %s', async (_what, isServed, failure) => {
    const { network } = numbered(Infinity);
    watch(network, isServed ? () => Promise.resolve({ close: () => Promise.resolve() }) : undefined);
    await addMonitor();
    await expect.poll(async () => (await server.store.get(monitors, traffic)).status?.state, { timeout: 10_000 }).toBe('lost');
    expect(network.collector.failure()).toMatchObject({ message: 'port 6343 is in use' });
    await server.store.delete(monitors, traffic);
    if (failure === undefined) await expect.poll(() => network.collector.failure()).toBeUndefined();
    await systemClock.sleep(300);
    expect((network.collector.failure() as Error | undefined)?.message).toBe(failure);
  });

  it('rejects where that cannot be served, and leaves no collector open', async () => {
    const { network, collectors } = numbered();
    const { ended } = watch(network, () => Promise.reject(new SquallError('Unavailable', 'port 8008 is in use')));
    await expect(ended).rejects.toThrow('port 8008 is in use');
    expect(collectors.map(({ closed }) => closed)).toEqual([true]);
  });
});
