import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LeadershipChange, leadWhenElected } from '../../../src/cluster/operator/lead.ts';
import { leases } from '../../../src/control/index.ts';
import { servedKinds } from '../../../src/api/index.ts';
import { SquallError, systemClock } from '../../../src/lib/index.ts';
import { type RunningServer, startServer } from '../../store/support.ts';
import { severable } from './severable.ts';

const key = { namespace: 'squall-system', name: 'squall-operator' };
const leaseSeconds = 3;

let server: RunningServer;
let candidates: { stop: (graceful: boolean) => Promise<void> }[] = [];
beforeEach(async () => {
  server = await startServer({ resources: servedKinds });
});
afterEach(async () => {
  await Promise.all(candidates.map(({ stop }) => stop(true)));
  candidates = [];
  await server[Symbol.asyncDispose]();
});

function stand(identity: string, acting: Set<string>) {
  const store = severable(server.store);
  const changes: LeadershipChange[] = [];
  const stopping = new AbortController();
  const ended = leadWhenElected(
    {
      store,
      key,
      identity,
      leaseSeconds,
      clock: systemClock,
      random: Math.random,
      lead: async (signal) => {
        acting.add(identity);
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        });
        acting.delete(identity);
      },
      onChange: (change) => changes.push(change),
    },
    stopping.signal,
  );
  const candidate = {
    changes,
    store,
    /** Ungraceful: it is gone without a word, as after kill -9. */
    stop: async (graceful: boolean) => {
      store.cut ||= !graceful;
      stopping.abort('Stopped');
      await ended;
    },
  };
  candidates.push(candidate);
  return candidate;
}

async function until(condition: () => boolean): Promise<number> {
  const from = performance.now();
  while (!condition()) await systemClock.sleep(5);
  return performance.now() - from;
}

describe('leadWhenElected', { timeout: 60_000 }, () => {
  it('has one leader of two candidates, and the lease says which', async () => {
    const acting = new Set<string>();
    stand('a', acting);
    stand('b', acting);
    await until(() => acting.size > 0);
    await systemClock.sleep(1500);
    expect(acting.size).toBe(1);
    const { spec } = await server.store.get(leases, key);
    expect(spec).toMatchObject({ holderIdentity: [...acting][0], leaseDurationSeconds: leaseSeconds, leaseTransitions: 0 });
  });

  it('hands over at once when the leader stops', async () => {
    const acting = new Set<string>();
    const first = stand('a', acting);
    await until(() => acting.has('a'));
    const second = stand('b', acting);
    await until(() => second.changes.some(({ type }) => type === 'following'));
    await first.stop(true);
    expect(first.changes.at(-1)).toMatchObject({ type: 'stopped', reason: 'Released' });
    expect(await until(() => acting.has('b'))).toBeLessThan(2500);
    expect((await server.store.get(leases, key)).spec.leaseTransitions).toBe(1);
  });

  it('takes over from a leader that is gone, once its lease has run out and not before', async () => {
    const acting = new Set<string>();
    const first = stand('a', acting);
    await until(() => acting.has('a'));
    const second = stand('b', acting);
    await until(() => second.changes.some(({ type }) => type === 'following'));
    await first.stop(false);
    const tookMs = await until(() => acting.has('b'));
    expect(tookMs).toBeGreaterThan(1500);
    expect(tookMs).toBeLessThan(15_000);
  });

  it('stops the leader that cannot renew before another takes over, and lets it stand again', async () => {
    const acting = new Set<string>();
    const first = stand('a', acting);
    await until(() => acting.has('a'));
    const second = stand('b', acting);
    await until(() => second.changes.some(({ type }) => type === 'following'));
    first.store.cut = true;
    await until(() => acting.size !== 1);
    expect([...acting]).toEqual([]);
    expect(first.changes.at(-1)).toMatchObject({ type: 'stopped', reason: 'NotRenewed' });
    await until(() => acting.has('b'));
    first.store.cut = false;
    await until(() => first.changes.at(-1)?.type === 'following');
    await second.stop(true);
    await until(() => acting.has('a'));
  });

  it('rejects with what the leader threw, and gives the lease back', async () => {
    const failing = leadWhenElected(
      {
        store: server.store,
        key,
        identity: 'a',
        leaseSeconds,
        clock: systemClock,
        random: Math.random,
        lead: () => Promise.reject(new SquallError('Internal', 'boom')),
      },
      new AbortController().signal,
    );
    await expect(failing).rejects.toMatchObject({ message: 'boom' });
    expect((await server.store.get(leases, key)).spec.holderIdentity).toBe('');
  });
});
