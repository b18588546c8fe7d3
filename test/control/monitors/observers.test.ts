import { describe, expect, it } from 'vitest';
import { createObservers } from '../../../src/control/monitors/observers.ts';
import type { NetworkCrossing } from '../../../src/observers/index.ts';
import { createManualClock, createScriptedObserver, type ScriptedObserver } from './world.ts';

function setUp() {
  const clock = createManualClock();
  const made: ScriptedObserver[] = [];
  const crossings: NetworkCrossing[] = [];
  const state: { error: Error | undefined; unwanted: number } = { error: undefined, unwanted: 0 };
  const make = (name: string) => {
    if (state.error !== undefined) throw state.error;
    const observer = createScriptedObserver(clock, name);
    made.push(observer);
    return observer;
  };
  const observers = createObservers({
    clock,
    openCollector: async () => {
      await Promise.resolve();
      return make('collector');
    },
    openSflowRt: ({ ip }) => make(ip),
    onCollectorUnwanted: () => {
      state.unwanted += 1;
    },
    onCrossing: (crossing) => crossings.push(crossing),
  });
  return { clock, made, crossings, state, observers };
}
const endpoint = { ip: '10.0.0.9', port: 8008 };

describe('the observers of monitors', () => {
  it('are opened once, and tell what crosses', async () => {
    const { observers, made, crossings } = setUp();
    const [one, other] = await Promise.all([observers.acquire('a', undefined), observers.acquire('b', undefined)]);
    expect(one).toBe(other);
    made[0]?.cross({ eventId: 5 });
    expect(crossings.map(({ eventId }) => eventId)).toEqual([5]);
  });

  it('are tried again some seconds after they could not be opened, and not before', async () => {
    const { observers, clock, state, made } = setUp();
    state.error = new Error('port taken');
    await expect(observers.acquire('a', undefined)).rejects.toThrow('port taken');
    state.error = undefined;
    clock.advance(4000);
    await expect(observers.acquire('a', undefined)).rejects.toThrow('port taken');
    clock.advance(1000);
    await observers.acquire('a', undefined);
    expect(made).toHaveLength(1);
  });

  it('say that nobody wants the collector any more, of one that could not be opened, with the last who asked for it', async () => {
    const { observers, clock, state } = setUp();
    state.error = new Error('port taken');
    for (const user of ['a', 'b']) await observers.acquire(user, undefined).catch(() => undefined);
    clock.advance(5000);
    await observers.acquire('a', undefined).catch(() => undefined);
    await observers.release('a', undefined);
    expect(state.unwanted).toBe(0);
    await observers.release('b', undefined);
    expect(state.unwanted).toBe(1);
    clock.advance(5000);
    state.error = undefined;
    await observers.acquire('a', undefined);
    await observers.release('a', undefined);
    expect(state.unwanted).toBe(1);
  });

  it('of sFlow-RTs are closed with their last user and opened anew for the next, the collector is not', async () => {
    const { observers, made } = setUp();
    await observers.acquire('a', endpoint);
    await observers.acquire('b', endpoint);
    await observers.acquire('c', undefined);
    await observers.release('a', endpoint);
    expect(made[0]?.isClosed).toBe(false);
    await observers.release('b', endpoint);
    await observers.release('c', undefined);
    expect(made.map(({ name, isClosed }) => [name, isClosed])).toEqual([
      ['10.0.0.9', true],
      ['collector', false],
    ]);
    await observers.acquire('a', endpoint);
    expect(made).toHaveLength(3);
  });

  it('are closed all together, and told of nothing any more', async () => {
    const { observers, made, crossings, state } = setUp();
    await observers.acquire('a', endpoint);
    await observers.acquire('b', undefined);
    state.error = new Error('no');
    await observers.acquire('c', { ...endpoint, port: 1 }).catch(() => undefined);
    await observers.close();
    expect(made.every(({ isClosed }) => isClosed)).toBe(true);
    made[0]?.cross({});
    expect(crossings).toEqual([]);
  });
});
