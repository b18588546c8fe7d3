import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monitorStatus } from '../../../src/api/crds/statuses.ts';
import { type Monitor, type MonitorStatus, readSpec, type SignalState, signalStates } from '../../../src/api/index.ts';
import type { ArmedRun } from '../../../src/control/monitors/armed-runs.ts';
import { createCrossingMemory, tell } from '../../../src/control/monitors/crossing-memory.ts';
import type { Heard, MonitorFacts } from '../../../src/control/monitors/facts.ts';
import { statusOf, worstOf } from '../../../src/control/monitors/status.ts';
import { mostArmed, subscriptionOf } from '../../../src/control/monitors/subscription.ts';
import type { NetworkCrossing, SubscriptionView, ThresholdView } from '../../../src/observers/index.ts';
import { monitor as spec } from '../../api/samples.ts';
import { agentView, crossingWith, quietView, start } from './world.ts';

const two = readSpec('NetworkMonitor', {
  ...spec,
  thresholds: [...spec.thresholds, { name: 'few', value: 5, flowName: 'tcp', condition: 'below' }],
});
const run = (uid: string, ...thresholds: string[]): ArmedRun => ({
  ...{ monitor: 'shop/traffic', uid, name: uid, createdAt: '', phase: 'before', targets: [] },
  thresholds,
});

function facts(
  changes: Partial<MonitorFacts> & { view?: Partial<SubscriptionView>; crossed?: NetworkCrossing[] } = {},
): MonitorFacts {
  const { view, crossed = [], monitor = two, runs = [], ...others } = changes;
  const seen: SubscriptionView = { ...quietView(subscriptionOf('shop/traffic', monitor, runs), start), ...view };
  const crossings = createCrossingMemory(undefined);
  for (const crossing of crossed) crossings.add(tell('traffic', crossing));
  return {
    ...{ generation: 3, monitor, runs, before: undefined, observedBy: 'collector', crossings, now: start },
    heard: { heard: 'view', view: seen },
    ...others,
  };
}
const threshold = (name: string, state: SignalState, message = ''): ThresholdView => ({
  name,
  state,
  message,
  value: 1,
  limit: 100,
});
const of = (status: MonitorStatus, type: string) => status.conditions.find((one) => one.type === type);
const silence: Heard = { heard: 'silence', message: 'the worker is gone', accepted: false };
const refusal: Heard = { heard: 'refusal', message: 'no such key', at: start + 1000 };

describe('the state of a monitor', () => {
  it.each<[SignalState, SignalState, SignalState]>([
    ['quiet', 'quiet', 'quiet'],
    ['quiet', 'waiting', 'waiting'],
    ['waiting', 'undecidable', 'undecidable'],
    ['undecidable', 'firing', 'firing'],
    ['firing', 'lost', 'lost'],
    ['lost', 'quiet', 'lost'],
  ])('of thresholds that are %s and %s is %s', (one, other, expected) => {
    const status = statusOf(facts({ view: { thresholds: [threshold('ddos', one), threshold('few', other)] } }));
    expect(status.state).toBe(expected);
  });

  it('shows what came and was not used, which explains why nothing is heard', () => {
    const refused = [{ reason: 'source', count: 12 }];
    expect(statusOf(facts({ view: { refused } })).refused).toEqual(refused);
    expect(statusOf(facts()).refused).toBeUndefined();
    expect(monitorStatus.safeParse(statusOf(facts({ view: { refused } }))).error).toBeUndefined();
  });

  it('is never better than any of them, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...signalStates), { minLength: 1 }), (states) => {
        const worst = worstOf(states);
        expect(worstOf([...states].reverse())).toBe(worst);
        expect(worst === 'quiet').toBe(states.every((state) => state === 'quiet'));
        expect(states.includes('lost')).toBe(worst === 'lost');
      }),
    );
  });

  it('has the messages of those that are in it', () => {
    const thresholds = [threshold('ddos', 'undecidable', 'sample more'), threshold('few', 'quiet', 'slow')];
    expect(statusOf(facts({ view: { thresholds } })).message).toBe('ddos: sample more');
  });

  it('says of which runs it has no room for their traffic, and shows that of the oldest', () => {
    const runs = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((uid) => run(uid, 'ddos'));
    const messageOf = (count: number) => {
      const armed = runs.slice(0, count);
      const traffic = armed.map(({ uid }) => ({ run: uid, traffic: { phases: [] } }));
      const status = statusOf(facts({ runs: armed, view: { traffic } }));
      return [status.traffic.map((one) => one.run).join(''), status.message];
    };
    expect(messageOf(5)).toEqual(['abcde', '']);
    expect(messageOf(7)).toEqual(['abcde', 'runs whose traffic is not shown, as at most 5 are: f, g']);
  });

  it('is waiting where the observer shows nothing of a threshold', () => {
    const status = statusOf(facts({ view: { thresholds: [threshold('ddos', 'quiet')] } }));
    expect(status.thresholds[1]).toMatchObject({ name: 'few', state: 'waiting', limit: 5 });
    expect(status.state).toBe('waiting');
  });

  it.each<[string, Partial<SubscriptionView>, SignalState]>([
    ['waiting where no agent was heard', { agents: [] }, 'waiting'],
    ['quiet where all agents are heard', {}, 'quiet'],
    ['lost where one is not heard any more', { agents: [agentView(), agentView({ agent: 'b', signal: 'lost' })] }, 'lost'],
  ])('without thresholds is %s', (_, view, state) => {
    expect(statusOf(facts({ monitor: readSpec('NetworkMonitor', { flows: spec.flows }), view })).state).toBe(state);
  });
});

describe('the status of a monitor whose observer is silent', () => {
  const before = statusOf(facts({ runs: [run('a', 'ddos')] }));

  it('is lost, keeps the heartbeat and the values that were there, and says nothing of agents and flows', () => {
    const status = statusOf(facts({ runs: [run('a', 'ddos')], heard: silence, before, now: start + 9000 }));
    expect(status).toMatchObject({
      ...{ state: 'lost', message: 'the worker is gone', heartbeatAt: before.heartbeatAt, agents: [], agentCount: 0, flows: [] },
      thresholds: [{ state: 'lost', value: 12.346, flow: 'a,b' }, { state: 'lost' }],
      armed: [{ run: 'a', state: 'lost', message: 'the worker is gone' }],
    });
    expect(of(status, 'Observed')).toMatchObject({ status: 'False', reason: 'SignalLost' });
  });

  it('was never heard where there was no status before', () => {
    expect(statusOf(facts({ heard: silence })).heartbeatAt).toBe('1970-01-01T00:00:00.000Z');
  });

  it.each<[string, boolean, MonitorStatus | undefined, number, string]>([
    ['it was taken', true, undefined, 3, 'True'],
    ['another life had it taken', false, before, 3, 'True'],
    ['only an earlier spec was taken', false, before, 4, 'Unknown'],
    ['nothing is known of that', false, undefined, 3, 'Unknown'],
  ])('says of Accepted, where %s, what is known', (_, accepted, earlier, generation, expected) => {
    const status = statusOf(facts({ heard: { ...silence, accepted }, before: earlier, generation }));
    expect(of(status, 'Accepted')?.status).toBe(expected);
  });
});

describe('the status of a monitor that is not accepted', () => {
  it('is undecidable in everything, and beats', () => {
    const status = statusOf(facts({ runs: [run('a', 'ddos', 'none')], heard: refusal }));
    expect(status).toMatchObject({
      ...{ state: 'undecidable', message: 'no such key', heartbeatAt: new Date(start + 1000).toISOString() },
      armed: [{ state: 'undecidable' }, { state: 'undecidable' }],
    });
    expect(status.thresholds.every(({ state }) => state === 'undecidable')).toBe(true);
    expect(of(status, 'Accepted')).toMatchObject({ status: 'False', reason: 'InvalidInput', message: 'no such key' });
  });

  it('has an entry for every run also where its spec cannot be read', () => {
    const status = statusOf({ ...facts({ runs: [run('a', 'ddos')], heard: refusal }), monitor: undefined });
    expect(status).toMatchObject({ thresholds: [], armed: [{ run: 'a', threshold: 'ddos', state: 'undecidable' }] });
  });
});

describe('what crossed', () => {
  it('after the view fires at once, and before it is what the view makes of it', () => {
    const late = statusOf(facts({ crossed: [crossingWith({ at: start + 1 })] })).thresholds[0];
    expect(late).toMatchObject({ state: 'firing', value: 612.346, limit: 100, flow: '10.0.0.2,10.0.0.3' });
    const early = statusOf(facts({ crossed: [crossingWith({ at: start - 1 })] })).thresholds[0];
    expect(early).toMatchObject({ state: 'quiet', lastCrossing: { eventId: 0 } });
  });

  it('stands for the run that it was told, whatever is heard', () => {
    const runs = [run('a', 'ddos'), run('b', 'ddos')];
    for (const heard of [undefined, silence, refusal]) {
      const { armed } = statusOf(facts({ runs, crossed: [crossingWith({ run: 'a' })], ...(heard ? { heard } : {}) }));
      expect(armed[0]).toMatchObject({ run: 'a', state: 'firing', crossing: { eventId: 0 } });
      expect(armed[0]?.notification).toMatch(/^traffic-/);
      expect(armed[1]).not.toHaveProperty('crossing');
    }
  });

  it('has numbers that JSON can say', () => {
    const crossed = [crossingWith({ run: 'a', value: Infinity, errorPercent: Number.NaN, limit: 0.1 + 0.2 })];
    const [armed] = statusOf(facts({ runs: [run('a', 'ddos')], crossed })).armed;
    expect(armed?.crossing).toMatchObject({ value: Number.MAX_SAFE_INTEGER, errorPercent: 0, limit: 0.3 });
  });
});

describe('a threshold that is armed', () => {
  it('learns its baseline, and has it then', () => {
    const baseline = { rate: 100.12345, low: 90, high: 110 };
    const view = { armings: [{ run: 'a', threshold: 'ddos', state: 'learning' as const, message: '12 s', baseline }] };
    expect(statusOf(facts({ runs: [run('a', 'ddos')], view })).armed).toEqual([
      { run: 'a', threshold: 'ddos', state: 'learning', message: '12 s', baseline: { rate: 100.123, low: 90, high: 110 } },
    ]);
  });

  it('is waiting where the observer does not show it, and not left out', () => {
    expect(statusOf(facts({ runs: [run('a', 'ddos')], view: { armings: [] } })).armed).toMatchObject([{ state: 'waiting' }]);
  });

  it('of a run for which there is no room is missing, and the message says of which', () => {
    const most = run('old', ...Array.from({ length: mostArmed }, (_, index) => `t${String(index)}`));
    const status = statusOf(facts({ runs: [most, run('new', 'ddos')] }));
    expect(status.armed).toHaveLength(mostArmed);
    expect(status.message).toContain('not armed, as at most 48 thresholds are: new');
  });
});

describe('the conditions', () => {
  it('keep since when they are so', () => {
    const first = statusOf(facts());
    const second = statusOf(facts({ before: first, now: start + 5000 }));
    expect(second.conditions).toEqual(first.conditions);
    const third = statusOf(facts({ before: second, now: start + 9000, heard: silence }));
    expect(of(third, 'Observed')?.lastTransitionTime).toBe(new Date(start + 9000).toISOString());
    expect(of(third, 'Accepted')?.lastTransitionTime).toBe(of(first, 'Accepted')?.lastTransitionTime);
  });
});

describe('the size of a status', () => {
  const long = 'x'.repeat(2000);
  const names = (count: number) => Array.from({ length: count }, (_, index) => `${'n'.repeat(120)}${String(index)}`);
  const amount = {
    ...{ samples: 1e15, frames: 1e15, bytes: 1e15, connectionAttempts: 1e15, payloadBytes: 1e15 },
    ...{ source: long, evenSamples: { frames: 1 / 3, payloadBytes: Infinity } },
  };
  const largest: Monitor = {
    flows: names(32).map((name) => ({ name, keys: ['ipsource'], value: 'frames', log: false, flowStart: false })),
    thresholds: names(32).map((name) => ({
      ...{
        name,
        metric: name,
        flowName: name,
        value: 1,
        byFlow: true,
        detector: 'cusum',
        condition: 'above',
        exemptTargets: false,
      },
    })),
    events: { most: 5, timeoutMs: 5000 },
  };

  it('is far below 256 KiB, and what the server takes, with ten thousand agents and everything as long as it can be', () => {
    const runs = names(200).map((uid) => run(uid.slice(-60), ...largest.thresholds.slice(0, 16).map(({ name }) => name)));
    const crossed = runs.flatMap(({ uid, thresholds }) =>
      thresholds.map((name) => crossingWith({ run: uid, threshold: name, flow: long, agent: long, dataSource: long })),
    );
    const bare = largest.thresholds.map(({ name }) => crossingWith({ threshold: name, flow: long, agent: long, at: start + 1 }));
    const flow = { flow: long, framesPerSecond: 1e15 };
    const phase = { seconds: 1e9, targets: amount, others: amount, targetFlows: Array.from({ length: 500 }, () => flow) };
    const view: Partial<SubscriptionView> = {
      agents: Array.from({ length: 10_000 }, (_, index) => agentView({ agent: `${long}${String(index)}`, datagrams: index })),
      flows: largest.flows.map(({ name }) => ({
        ...{ name, size: 1e6 },
        top: Array.from({ length: 1000 }, () => ({ key: long, value: 1e15, agent: long, dataSource: long })),
      })),
      refused: names(1000).map((reason) => ({ reason: reason + long, count: 1e15 })),
      thresholds: largest.thresholds.map(({ name }) => ({ ...threshold(name, 'undecidable', long), flow: long })),
      traffic: runs.map(({ uid }) => ({
        run: uid,
        traffic: { phases: (['before', 'during', 'after'] as const).map((name) => ({ phase: name, ...phase })) },
      })),
    };
    const status = statusOf(facts({ monitor: largest, runs, crossed: [...crossed, ...bare], view }));
    expect(JSON.stringify(status).length).toBeLessThan(192 * 1024);
    expect(monitorStatus.safeParse(status).error).toBeUndefined();
    expect(status.agentCount).toBe(10_000);
    expect(status.agents).toHaveLength(32);
    expect(status.agents[0]?.datagrams).toBe(9999);
  });

  it('has what the server takes of whatever numbers an observer says', () => {
    const number = fc.double();
    fc.assert(
      fc.property(fc.array(fc.record({ a: number, b: number }), { maxLength: 50 }), number, (pairs, value) => {
        const view: Partial<SubscriptionView> = {
          agents: pairs.map(({ a, b }) => agentView({ datagrams: a, lost: b, samplesPerSecond: a, samplingRate: b })),
          thresholds: [{ ...threshold('ddos', 'quiet'), value, limit: value }],
        };
        const status = statusOf(facts({ view }));
        expect(monitorStatus.safeParse(JSON.parse(JSON.stringify(status))).error).toBeUndefined();
        expect(status.agents.length).toBeLessThanOrEqual(32);
      }),
    );
  });
});
