import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type {
  Arming,
  NetworkCrossing,
  NetworkObserver,
  Subscription,
  SubscriptionView,
} from '../../../../src/observers/index.ts';
import { createSflowRtClient } from '../../../../src/observers/sflow-rt/index.ts';
import { eventually } from '../eventually.ts';
import { type Failing, type FakeSflowRt, startFakeSflowRt } from '../fake-sflow-rt.ts';
import { ddos, tcpFlow, traffic } from '../subscriptions.ts';

vi.setConfig({ testTimeout: 60_000 });

const wireFlow = 'squall_shop_traffic_tcp';
const wireThreshold = 'squall_shop_traffic_ddos';
const limits = { pollMs: 40, lostAfterMs: 800, retryMs: 20, timeoutMs: 400, waitSlackMs: 300 };

let sflowRt: FakeSflowRt;
let client: NetworkObserver;
let crossings: NetworkCrossing[];
let logged: string[];

beforeEach(async () => {
  sflowRt = await startFakeSflowRt();
  crossings = [];
  logged = [];
  client = createSflowRtClient({ ip: '127.0.0.1', port: sflowRt.port, limits, log: (message) => logged.push(message) });
  client.onCrossing((crossing) => crossings.push(crossing));
});
afterEach(async () => {
  await client.close();
  await sflowRt.close();
});

async function view(id = traffic.id): Promise<SubscriptionView> {
  const found = await client.view(id);
  if (found === undefined) throw new Error(`there is no subscription ${id}`);
  return found;
}

async function threshold(): Promise<SubscriptionView['thresholds'][number]> {
  const [first] = (await view()).thresholds;
  if (first === undefined) throw new Error('there is no threshold');
  return first;
}

const isIn = (state: string) =>
  eventually(async () => {
    expect(await threshold()).toMatchObject({ state });
  });

async function quiet(subscription: Subscription = traffic): Promise<void> {
  await client.put(subscription);
  await isIn('quiet');
}

const flow = (value: unknown, key = 'a,b') => ({ key, value, agent: '10.0.0.9', dataSource: 22, flowN: 1 });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('definitions', () => {
  test('they are put with names of ours, and only then is a threshold quiet', async () => {
    await client.put(traffic);
    expect((await threshold()).state).toBe('waiting');
    await isIn('quiet');
    expect(Object.fromEntries(sflowRt.flows)).toEqual({
      [wireFlow]: { keys: 'ipsource,ipdestination', value: 'frames', t: 0.2, n: 5 },
    });
    expect(Object.fromEntries(sflowRt.thresholds)).toEqual({
      [wireThreshold]: { metric: wireFlow, value: 100, byFlow: false, timeout: 0.3 },
    });
    await pause(300);
    expect(sflowRt.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(2);
    expect(client.name).toBe(`127.0.0.1:${String(sflowRt.port)}`);
  });

  test('what is edited is put again, and what is no longer wanted goes', async () => {
    await quiet({ ...traffic, flows: [tcpFlow, { ...tcpFlow, name: 'icmp' }] });
    await client.put({ ...traffic, thresholds: [{ ...ddos, value: 70 }] });
    await eventually(() => {
      expect(sflowRt.thresholds.get(wireThreshold)).toMatchObject({ value: 70 });
      expect([...sflowRt.flows.keys()]).toEqual([wireFlow]);
    });
    await isIn('quiet');
    expect((await threshold()).limit).toBe(70);
  });

  test('putting the same again and again, as for another phase of a run, disturbs nothing', async () => {
    await client.put(traffic);
    const endsAt = performance.now() + 1500;
    while (performance.now() < endsAt) {
      await client.put(structuredClone(traffic));
      await pause(5);
    }
    await isIn('quiet');
    expect(sflowRt.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(2);
  });

  test('what another one changes, or takes away, is put back', async () => {
    await quiet();
    sflowRt.thresholds.set(wireThreshold, { metric: wireFlow, value: '1e9', byFlow: 'false' });
    await eventually(() => {
      expect(sflowRt.thresholds.get(wireThreshold)).toMatchObject({ value: 100 });
    });
    sflowRt.flows.delete(wireFlow);
    await eventually(() => {
      expect(sflowRt.flows.get(wireFlow)).toMatchObject({ value: 'frames' });
    });
    await isIn('quiet');
  });

  test('a value that sFlow-RT does not take is told, and nothing is quiet', async () => {
    sflowRt.fail('error', /^\/flow\/squall/);
    await client.put(traffic);
    await isIn('lost');
    expect((await threshold()).message).toMatch(/PUT .flow.squall_shop_traffic_tcp.json was answered with status 500$/);
  });

  test('removing takes ours out, and leaves those of others', async () => {
    sflowRt.flows.set('theirs', {});
    sflowRt.flows.set('squall_shop_other_tcp', {});
    sflowRt.flows.set('squall_shop_traffic_of-a-former-life', {});
    await quiet();
    expect([...sflowRt.flows.keys()].sort()).toEqual(['squall_shop_other_tcp', wireFlow, 'theirs']);
    await client.remove(traffic.id);
    expect([...sflowRt.flows.keys()].sort()).toEqual(['squall_shop_other_tcp', 'theirs']);
    expect([...sflowRt.thresholds.keys()]).toEqual([]);
    expect(await client.view(traffic.id)).toBeUndefined();
  });

  test('what could not be taken out is tried again', async () => {
    await quiet();
    sflowRt.fail('error');
    await client.remove(traffic.id);
    expect(sflowRt.flows.size).toBe(1);
    expect(logged.join('\n')).toMatch(/DELETE .*status 500; it is tried again/);
    sflowRt.fail(undefined);
    await eventually(() => {
      expect([sflowRt.flows.size, sflowRt.thresholds.size]).toEqual([0, 0]);
    });
  });

  test('closing ends all questions, and leaves the definitions to whoever goes on', async () => {
    await quiet();
    await client.close();
    const before = sflowRt.requests.length;
    await pause(200);
    expect(sflowRt.requests).toHaveLength(before);
    expect(sflowRt.flows.size).toBe(1);
    await expect(client.put(traffic)).rejects.toMatchObject({ code: 'Unavailable' });
  });

  test('a threshold that an sFlow-RT cannot decide is refused', async () => {
    const refused = client.put({ ...traffic, thresholds: [{ ...ddos, detector: 'cusum' }] });
    await expect(refused).rejects.toMatchObject({ code: 'InvalidInput' });
    expect(await client.view(traffic.id)).toBeUndefined();
  });
});

describe('values and events', () => {
  test.each<[string, unknown, unknown]>([
    ['numbers', 250.75, 99.5],
    ['texts', '250.75', '99.5'],
  ])('%s are read, floating or not', async (_what, value, limit) => {
    await quiet();
    sflowRt.values.set(wireFlow, [flow('7', 'c,d'), flow(value)]);
    sflowRt.cross(wireThreshold, { value, threshold: limit });
    await isIn('firing');
    await eventually(async () => {
      expect(crossings).toMatchObject([
        {
          subscription: 'shop/traffic',
          threshold: 'ddos',
          flow: 'a,b',
          value: 250.75,
          limit: 99.5,
          dataSource: '22',
          eventId: 0,
        },
      ]);
      expect(await threshold()).toMatchObject({ value: 250.75, flow: 'a,b', limit: 100, lastCrossing: { eventId: 0 } });
    });
    expect((await view()).flows).toEqual([
      {
        name: 'tcp',
        size: 2,
        top: [
          { key: 'a,b', value: 250.75, agent: '10.0.0.9', dataSource: '22' },
          { key: 'c,d', value: 7, agent: '10.0.0.9', dataSource: '22' },
        ],
      },
    ]);
    expect((await view()).agents).toMatchObject([{ agent: '10.0.0.9', datagrams: 12, lost: 1, signal: 'good' }]);
  });

  test('what had happened before anybody watched is no crossing', async () => {
    sflowRt.cross(wireThreshold);
    await quiet();
    await pause(200);
    expect(crossings).toEqual([]);
  });

  test('events of others are not ours', async () => {
    await quiet();
    sflowRt.cross('squall_shop_other_ddos');
    await pause(200);
    expect(crossings).toEqual([]);
  });

  test('a threshold is quiet again once the value is below and the time to arm again is over', async () => {
    await quiet();
    sflowRt.cross(wireThreshold);
    await isIn('firing');
    await isIn('quiet');
    expect(await threshold()).toMatchObject({ lastCrossing: { threshold: 'ddos' } });
  });

  test('a value that stays over without an event is one crossing, also when the event comes late', async () => {
    await quiet();
    sflowRt.values.set(wireFlow, [flow(300)]);
    await eventually(() => {
      expect(crossings).toMatchObject([{ threshold: 'ddos', value: 300, flow: 'a,b' }]);
    });
    sflowRt.cross(wireThreshold);
    await pause(300);
    expect(crossings).toHaveLength(1);
    sflowRt.values.set(wireFlow, []);
    await isIn('quiet');
    sflowRt.cross(wireThreshold);
    await eventually(() => {
      expect(crossings.map(({ eventId }) => eventId)).toEqual([0, 1]);
    });
  });

  test('a crossing after the arming is the run’s, and is kept', async () => {
    const arming: Arming = { run: 'run-1', thresholds: ['ddos', 'gone'], phase: 'before', targets: [] };
    await quiet({ ...traffic, armings: [arming] });
    const seenWhenTold: Promise<SubscriptionView>[] = [];
    let tick = 0;
    const ticks: number[] = [];
    client.onCrossing(() => {
      seenWhenTold.push(view());
      ticks.push(tick);
      setImmediate(() => (tick += 1));
    });
    expect((await view()).armings).toMatchObject([
      { run: 'run-1', threshold: 'ddos', state: 'quiet', limit: 100 },
      { run: 'run-1', threshold: 'gone', state: 'undecidable' },
    ]);
    sflowRt.cross(wireThreshold, { timestamp: Date.now() - 1 });
    const crossed = { run: 'run-1', threshold: 'ddos', state: 'firing', crossing: { run: 'run-1', eventId: 0, value: 250 } };
    await eventually(async () => {
      expect((await view()).armings[0]).toMatchObject(crossed);
    });
    expect((await seenWhenTold[0])?.armings[0]).toMatchObject(crossed);
    expect(crossings.map(({ run, eventId }) => [run, eventId])).toEqual([
      ['run-1', 0],
      [undefined, 1],
    ]);
    expect(crossings[0]?.at).toBe(crossings[1]?.at);
    expect(ticks[1]).toBe(ticks[0]);
    await client.put({ ...traffic, armings: [{ ...arming, phase: 'during' }] });
    await isIn('quiet');
    expect((await view()).armings[0]).toMatchObject(crossed);
    await client.put({ ...traffic, armings: [{ ...arming, run: 'run-2' }] });
    expect((await view()).armings[0]).toMatchObject({ run: 'run-2', state: 'quiet', crossing: undefined });
  });

  test('a run that is armed while the value is over is told so', async () => {
    await quiet();
    sflowRt.values.set(wireFlow, [flow(300)]);
    sflowRt.cross(wireThreshold);
    await isIn('firing');
    await client.put({ ...traffic, armings: [{ run: 'run-1', thresholds: ['ddos'], phase: 'before', targets: [] }] });
    expect((await view()).armings).toMatchObject([{ state: 'firing' }]);
    await eventually(async () => {
      expect((await view()).armings).toMatchObject([{ crossing: { run: 'run-1', value: 300 } }]);
    });
    expect(crossings.map(({ run, value, eventId }) => [run, value, eventId])).toEqual([
      [undefined, 250, 0],
      ['run-1', 300, 1],
    ]);
  });
});

describe('an sFlow-RT that fails', () => {
  test.each<[Exclude<Failing, undefined>, RegExp]>([
    ['html', /answered with status 200 and a page of HTML, which is no JSON$/],
    ['error', /answered with status 500$/],
    ['silent', /took longer than 400 ms/],
    ['truncated', /was not answered/],
    ['half-json', /status 200 and a text of 16 characters, which is no JSON$/],
    ['huge', /expected at most 1048576 bytes/],
    ['reset', /was not answered/],
  ])('%s: its thresholds and runs are lost, with the reason, until it answers again', async (how, message) => {
    await quiet({ ...traffic, armings: [{ run: 'run-1', thresholds: ['ddos'], phase: 'during', targets: [] }] });
    sflowRt.fail(how);
    await isIn('lost');
    expect((await threshold()).message).toMatch(message);
    expect((await view()).armings).toMatchObject([{ state: 'lost' }]);
    sflowRt.fail(undefined);
    await isIn('quiet');
    expect(crossings).toEqual([]);
  });

  test.each<[Exclude<Failing, undefined>]>([['html'], ['error'], ['silent'], ['truncated']])(
    'only its events are answered with %s: they are lost as well',
    async (how) => {
      await quiet({ ...traffic, events: { most: 10, timeoutMs: 100 } });
      sflowRt.fail(how, /^\/events/);
      await eventually(async () => {
        expect(await threshold()).toMatchObject({ state: 'lost', message: /does not tell its events/ });
      }, 20_000);
      sflowRt.fail(undefined);
      sflowRt.cross(wireThreshold);
      await eventually(() => {
        expect(crossings).toHaveLength(1);
      });
    },
  );

  test.each<[string, unknown]>([
    ['a flow without a value', [{ key: 'a,b' }]],
    ['a value that is no number', [{ key: 'a,b', value: 'many' }]],
    ['no list', { flows: [] }],
    ['null', null],
    ['the secrets of another service', [{ password: 'many' }]],
  ])('values that are %s are not taken for quiet, and not told', async (_what, answer) => {
    await quiet();
    sflowRt.values.set(wireFlow, answer as unknown[]);
    await isIn('lost');
    expect((await threshold()).message).toMatch(/sFlow-RT answered (a flow|flows|one of the flows) in another shape: expected/);
    expect((await threshold()).message).not.toContain('many');
  });

  test('one whose answers come late, though each in time, is not taken for quiet', async () => {
    await quiet({ ...traffic, events: { most: 10, timeoutMs: 100 } });
    sflowRt.delayMs = 330;
    await isIn('lost');
    expect((await threshold()).message).toMatch(/its answers come too late/);
    sflowRt.delayMs = 0;
    await isIn('quiet');
  });

  test('one that is not there is lost', async () => {
    await sflowRt.close();
    await client.put(traffic);
    expect((await threshold()).state).toBe('waiting');
    await isIn('lost');
    expect((await threshold()).message).toMatch(/ECONNREFUSED/);
  });

  test('without thresholds nobody can be called lost: the view is refused', async () => {
    await client.put({ ...traffic, thresholds: [] });
    await eventually(async () => {
      expect((await view()).agents).toHaveLength(1);
    });
    sflowRt.fail('error');
    await eventually(async () => {
      await expect(client.view(traffic.id)).rejects.toMatchObject({ code: 'Unavailable' });
    });
  });

  test('an agent that falls silent is no matter of a monitor whose flows and events come from others', async () => {
    const { agents } = sflowRt;
    const silent = { sFlowDatagramsReceived: '9', lastSeen: 80_000 };
    sflowRt.agents = { ...agents, '10.0.0.7': silent };
    sflowRt.values.set(wireFlow, [flow(7)]);
    await quiet();
    // Those of the flows are known now, also while no flow is seen.
    sflowRt.values.set(wireFlow, []);
    sflowRt.agents = { ...agents, '10.0.0.7': { ...silent, lastSeen: 90_000 } };
    await pause(200);
    expect(await threshold()).toMatchObject({ state: 'quiet' });
    sflowRt.cross(wireThreshold, { agent: '10.0.0.7' });
    await eventually(async () => {
      expect(await threshold()).toMatchObject({ state: 'lost', message: 'sFlow-RT no longer hears 10.0.0.7' });
    });
    // What another flow comes from is not known yet.
    await client.put({ ...traffic, flows: [{ ...tcpFlow, filter: 'ipprotocol=6' }] });
    await isIn('quiet');
    sflowRt.agents = { '10.0.0.9': { lastSeen: 80_000 }, '10.0.0.7': silent };
    await isIn('lost');
  });

  test('one that hears no agent says nothing; an agent that falls silent is lost', async () => {
    const { agents } = sflowRt;
    sflowRt.agents = {};
    await client.put(traffic);
    await eventually(async () => {
      expect(await threshold()).toMatchObject({ state: 'waiting', message: 'sFlow-RT has not heard any agent' });
    });
    sflowRt.agents = agents;
    await isIn('quiet');
    sflowRt.agents = { '10.0.0.9': { lastSeen: 80_000 } };
    await isIn('lost');
    sflowRt.agents = agents;
    await isIn('quiet');
    sflowRt.agents = {};
    await isIn('lost');
    expect((await threshold()).message).toBe('sFlow-RT no longer hears 10.0.0.9');
  });
});

describe('an sFlow-RT that is restarted', () => {
  test.each<[string, 'restart' | 'restartUnnoticed']>([
    ['with its connections cut', 'restart'],
    ['behind something that keeps connections', 'restartUnnoticed'],
  ])('%s gets its definitions again; no crossing is lost or doubled', async (_how, restart) => {
    await quiet({ ...traffic, events: { most: 10, timeoutMs: 200 } });
    for (let index = 0; index < 3; index += 1) sflowRt.cross(wireThreshold, { value: 201 + index });
    await eventually(() => {
      expect(crossings).toHaveLength(3);
    });
    sflowRt[restart]();
    await eventually(() => {
      expect([sflowRt.flows.size, sflowRt.thresholds.size]).toEqual([1, 1]);
    });
    sflowRt.cross(wireThreshold, { value: 301 });
    await eventually(() => {
      expect(crossings).toHaveLength(4);
    });
    await isIn('quiet');
    await pause(500);
    expect(crossings.map(({ value }) => value)).toEqual([201, 202, 203, 301]);
    expect(crossings.map(({ eventId }) => eventId)).toEqual([0, 1, 2, 3]);
    expect(new Set(crossings.map(({ observerStartedAt }) => observerStartedAt)).size).toBe(1);
  });

  test('what another one defined again in the meantime does not hide the restart', async () => {
    await quiet({ ...traffic, events: { most: 10, timeoutMs: 200 } });
    for (let index = 0; index < 3; index += 1) sflowRt.cross(wireThreshold);
    await eventually(() => {
      expect(crossings).toHaveLength(3);
    });
    const [flows, thresholds] = [new Map(sflowRt.flows), new Map(sflowRt.thresholds)];
    sflowRt.restartUnnoticed();
    for (const [name, body] of flows) sflowRt.flows.set(name, body);
    for (const [name, body] of thresholds) sflowRt.thresholds.set(name, body);
    sflowRt.cross(wireThreshold, { value: 301 });
    await eventually(() => {
      expect(crossings.map(({ value }) => value)).toEqual([250, 250, 250, 301]);
    });
  });

  test('its values right after are not taken for quiet', async () => {
    await quiet({ ...traffic, flows: [{ ...tcpFlow, smoothingMs: 1000 }] });
    sflowRt.restart();
    const states: string[] = [];
    await eventually(async () => {
      states.push((await threshold()).state);
      expect(states).toContain('waiting');
      expect(states.at(-1)).toBe('quiet');
    });
  });
});
