import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion, type MonitorStatus, validateObject } from '../../../src/api/index.ts';
import { experiments, monitors, notifications } from '../../../src/control/index.ts';
import { signalLost } from '../../../src/control/monitors/notification.ts';
import { SquallError, systemClock } from '../../../src/lib/index.ts';
import { monitor as monitorSpec } from '../../api/samples.ts';
import { agentView, id, key, type MonitorWorld, start, startMonitorWorld } from './world.ts';

let world: MonitorWorld;
beforeEach(async () => {
  world = await startMonitorWorld();
});
afterEach(async () => {
  await world.stop();
});

const stateIs = (state: MonitorStatus['state']) => (status: MonitorStatus) => status.state === state;
const secondsIn = ({ heartbeatAt }: MonitorStatus) => (Date.parse(heartbeatAt) - start) / 1000;
const accepted = ({ conditions }: MonitorStatus) => conditions.find(({ type }) => type === 'Accepted');
/** Lets a second go by, and what it wakes be done. */
async function nextSecond(): Promise<void> {
  world.clock.advance(1000);
  await systemClock.sleep(30);
}
const names = async () => (await world.notifications()).map(({ metadata }) => metadata.name).sort();
const nameOfEvent = (eventId: number) => `traffic-${(start - 5000).toString(36)}-${String(eventId)}`;

describe('a monitor in the store', () => {
  it('is watched by the collector, and its status says what that sees', async () => {
    await world.define();
    const status = await world.until(stateIs('quiet'));
    expect(world.collector.puts).toHaveLength(1);
    expect(world.opened).toBe(1);
    expect(status).toMatchObject({
      ...{ observedGeneration: 1, observedBy: 'collector', agentCount: 1, message: '', armed: [], traffic: [] },
      agents: [{ agent: '10.0.0.1', signal: 'good', samplingRate: 64 }],
      flows: [{ name: 'tcp', topKeys: [{ key: 'a,b', value: 12.346 }] }],
      thresholds: [{ name: 'ddos', state: 'quiet', value: 12.346, limit: 100 }],
    });
    expect(accepted(status)).toMatchObject({ status: 'True', reason: 'Accepted' });
  });

  it('has a heartbeat that advances every second, and no other process is asked for it', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    const beats: number[] = [];
    for (const second of [1, 2, 3]) {
      world.clock.advance(1000);
      beats.push(secondsIn(await world.until((status) => secondsIn(status) >= second)));
    }
    expect(beats).toEqual([1, 2, 3]);
    expect(world.collector.puts).toHaveLength(1);
  });

  it('is watched as it is written now, when it is edited', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    await world.edit({ ...monitorSpec, thresholds: [{ name: 'ddos', value: 250, flowName: 'tcp' }] });
    const status = await world.until(({ observedGeneration }) => observedGeneration === 2);
    expect(status.thresholds[0]?.limit).toBe(250);
    expect(world.collector.watched.get(id)?.thresholds[0]?.value).toBe(250);
  });

  it('is not watched any more when it is deleted, and is again when it is there again', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    await world.store.delete(monitors, key);
    await expect.poll(() => world.collector.removed).toEqual([id]);
    await world.define();
    await world.until(stateIs('quiet'));
    expect(world.collector.watched.has(id)).toBe(true);
    expect(world.opened).toBe(1);
  });

  it('with an endpoint is watched by one client of that sFlow-RT, which is closed when no monitor uses it', async () => {
    const spec = { ...monitorSpec, monitoringEndpoint: { ip: '10.0.0.9', port: 8008 } };
    await world.define(spec);
    await world.define(spec, 'second');
    const status = await world.until(stateIs('quiet'));
    expect(status.observedBy).toBe('10.0.0.9');
    expect(world.opened).toBe(0);
    await expect.poll(() => world.sflowRts[0]?.observer.watched.size).toBe(2);
    expect(world.sflowRts.map(({ endpoint }) => endpoint)).toEqual([{ ip: '10.0.0.9', port: 8008 }]);
    await world.store.delete(monitors, { ...key, name: 'second' });
    await expect.poll(() => world.sflowRts[0]?.observer.removed).toEqual(['shop/second']);
    expect(world.sflowRts[0]?.observer.isClosed).toBe(false);
    await world.edit(monitorSpec);
    await expect.poll(() => world.sflowRts[0]?.observer.isClosed).toBe(true);
    await world.until(({ observedBy }) => observedBy === 'collector');
  });

  it('that the observer does not understand is undecidable and not accepted, with its message, and beats', async () => {
    world.collector.before.put = () => Promise.reject(new SquallError('InvalidInput', "filter 'ip~': expected a value"));
    await world.arm();
    await world.define();
    const status = await world.until(stateIs('undecidable'));
    expect(accepted(status)).toMatchObject({
      status: 'False',
      reason: 'InvalidInput',
      message: "filter 'ip~': expected a value",
    });
    expect(status.armed).toMatchObject([{ threshold: 'ddos', state: 'undecidable', message: "filter 'ip~': expected a value" }]);
    expect(status.thresholds).toMatchObject([{ name: 'ddos', state: 'undecidable' }]);
    world.clock.advance(1000);
    await world.until((next) => secondsIn(next) >= 1);
    expect(await names()).toEqual([]);
  });

  it('with an endpoint that the observer may not ask is not accepted, with the reason, until it names another', async () => {
    world.endpointError = new SquallError('InvalidInput', "monitoringEndpoint.ip: found '127.0.0.1'");
    await world.define({ ...monitorSpec, monitoringEndpoint: { ip: '127.0.0.1', port: 8008 } });
    const status = await world.until(stateIs('undecidable'));
    expect(accepted(status)).toMatchObject({ status: 'False', reason: 'InvalidInput', message: /monitoringEndpoint.ip/ });
    world.endpointError = undefined;
    await world.edit({ ...monitorSpec, monitoringEndpoint: { ip: '10.0.0.9', port: 8008 } });
    await world.until(stateIs('quiet'));
  });

  it('is not watched as it was before, when an edit makes it one that is not understood', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    world.collector.before.put = () => Promise.reject(new SquallError('InvalidInput', 'no such key'));
    await world.edit({ ...monitorSpec, flows: [{ name: 'tcp', keys: 'nothing', value: 'frames' }] });
    await world.until(stateIs('undecidable'));
    expect(world.collector.watched.size).toBe(0);
    world.collector.before.put = () => Promise.resolve();
    await world.edit(monitorSpec);
    await world.until(stateIs('quiet'));
  });

  it('whose spec cannot be read at all is undecidable', async () => {
    await world.arm();
    await world.define({ flows: [] });
    const status = await world.until(stateIs('undecidable'));
    expect(accepted(status)?.message).toContain('spec.flows');
    expect(status.armed).toMatchObject([{ state: 'undecidable' }]);
  });
});

describe('a monitor whose observer does not answer', () => {
  it('is lost, with the reason, and its heartbeat stands still', async () => {
    await world.arm();
    await world.define();
    await world.until(stateIs('quiet'));
    world.collector.before.view = () => Promise.reject(new SquallError('Unavailable', 'the worker is gone'));
    await nextSecond();
    const status = await world.until(stateIs('lost'));
    expect(status).toMatchObject({ message: 'the worker is gone', armed: [{ state: 'lost' }], thresholds: [{ state: 'lost' }] });
    const written = world.written.length;
    for (let second = 0; second < 3; second += 1) await nextSecond();
    expect((await world.status())?.heartbeatAt).toBe(status.heartbeatAt);
    expect(world.written).toHaveLength(written);
    const [notification] = await world.notifications();
    expect(notification?.spec.networkEvent.event.name).toBe(signalLost);
    expect(notification?.spec.message).toBe('the worker is gone');
    expect(await names()).toHaveLength(1);
    expect(world.errors).toHaveLength(1);
    world.collector.before.view = () => Promise.resolve();
    world.clock.advance(1000);
    expect(secondsIn(await world.until(stateIs('quiet')))).toBeGreaterThan(secondsIn(status));
  });

  it('is lost when it hangs, and is not asked ever more', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    let asked = 0;
    const answer = Promise.withResolvers<undefined>();
    world.collector.before.view = async () => {
      asked += 1;
      await answer.promise;
    };
    for (let second = 0; second < 5; second += 1) await nextSecond();
    expect((await world.until(stateIs('lost'))).message).toContain('has not answered');
    expect(asked).toBe(1);
    answer.resolve(undefined);
    await systemClock.sleep(20);
    world.clock.advance(1000);
    await world.until(stateIs('quiet'));
  });

  it('is lost when it says the same for ever', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    world.collector.said = () => ({ at: start });
    for (let second = 0; second < 3; second += 1) await nextSecond();
    expect((await world.status())?.state).toBe('quiet');
    await nextSecond();
    expect((await world.until(stateIs('lost'))).message).toContain('nothing new');
  });

  it('is lost while the collector cannot be opened, which is tried again', async () => {
    world.collectorError = new SquallError('Unavailable', 'port 6343 is taken');
    await world.define();
    const status = await world.until(stateIs('lost'));
    expect(status).toMatchObject({ message: 'port 6343 is taken', heartbeatAt: '1970-01-01T00:00:00.000Z' });
    expect(accepted(status)?.status).toBe('Unknown');
    world.collectorError = undefined;
    for (let second = 0; second < 6; second += 1) await nextSecond();
    await world.until(stateIs('quiet'));
    expect(world.opened).toBe(2);
  });

  it('leaves no collector wanted that cannot be opened, when it is deleted or names an sFlow-RT', async () => {
    world.collectorError = new SquallError('Unavailable', 'port 6343 is taken');
    await world.define();
    await world.define(monitorSpec, 'second');
    await world.until(stateIs('lost'));
    await world.edit({ ...monitorSpec, monitoringEndpoint: { ip: '10.0.0.9', port: 8008 } });
    await world.until(stateIs('quiet'));
    expect(world.unwanted).toBe(0);
    await world.store.delete(monitors, { ...key, name: 'second' });
    await expect.poll(() => world.unwanted).toBe(1);
  });

  it('is given anew to an observer that began anew', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    world.collector.watched.clear();
    world.clock.advance(1000);
    await world.until((status) => secondsIn(status) >= 1);
    expect(world.collector.puts).toHaveLength(2);
    expect(world.written.map(({ state }) => state)).not.toContain('lost');
  });
});

describe('a run that a monitor may abort', () => {
  it('is armed as soon as it has a status, with its phase and the addresses of its targets, until it is over', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    const { metadata } = await world.arm({ ips: ['10.1.0.5', 'FD00:0::5'] });
    const status = await world.until(({ armed }) => armed.length === 1);
    expect(status.armed).toEqual([{ run: metadata.uid, threshold: 'ddos', state: 'quiet', message: '', limit: 100 }]);
    const arming = () => world.collector.watched.get(id)?.armings;
    expect(arming()).toEqual([{ run: metadata.uid, thresholds: ['ddos'], phase: 'before', targets: ['10.1.0.5', 'fd00::5'] }]);
    await world.enter('run', { phase: 'inject', touched: true, dirty: true });
    await expect.poll(() => arming()?.[0]?.phase).toBe('during');
    await world.enter('run', { phase: 'undo', touched: true });
    await expect.poll(() => arming()?.[0]?.phase).toBe('after');
    await world.enter('run', { phase: 'done', touched: true });
    await world.until(({ armed }) => armed.length === 0);
    expect(arming()).toEqual([]);
  });

  it('is not armed any more when it is deleted', async () => {
    await world.define();
    await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    await world.store.delete(experiments, { namespace: 'shop', name: 'run' });
    await world.until(({ armed }) => armed.length === 0);
  });

  it('waits for a threshold that there is not: it is undecidable, and the remedy is said', async () => {
    await world.define();
    await world.arm({ thresholds: ['ddos', 'dos'] });
    const { armed } = await world.until((status) => status.armed.length === 2);
    expect(armed[1]).toMatchObject({
      threshold: 'dos',
      state: 'undecidable',
      message: expect.stringContaining('it has ddos') as string,
    });
    expect(world.collector.watched.get(id)?.armings[0]?.thresholds).toEqual(['ddos']);
  });

  it('is told of a crossing at once, without a second that goes by, with the notification that tells of it', async () => {
    await world.define();
    const { metadata } = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    world.collector.cross({ run: metadata.uid, eventId: 7 });
    const { armed } = await world.until((status) => status.armed[0]?.crossing !== undefined);
    expect(armed[0]).toEqual({
      ...{ run: metadata.uid, threshold: 'ddos', state: 'firing', limit: 100, notification: nameOfEvent(7) },
      message: '612.346 a second of 10.0.0.2,10.0.0.3, against 100',
      crossing: {
        ...{ threshold: 'ddos', flow: '10.0.0.2,10.0.0.3', value: 612.346, limit: 100, agent: '10.0.0.1', dataSource: '2:1000' },
        ...{ samples: 24, errorPercent: 40.012, eventId: 7, at: new Date(start).toISOString() },
      },
    });
    expect(world.crossings.map(({ eventId }) => eventId)).toEqual([7]);
    await expect.poll(names).toEqual([nameOfEvent(7)]);
  });

  it('is told of a crossing before the notification is written', async () => {
    await world.define();
    const { metadata } = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    const seen: number[] = [];
    world.beforeWrite = async () => {
      seen.push((await names()).length);
    };
    world.collector.cross({ run: metadata.uid });
    await world.until((status) => status.armed[0]?.crossing !== undefined);
    expect(seen).toEqual([0]);
    await expect.poll(names).toHaveLength(1);
  });

  it('stays told, whatever the observer says later, also in the next life of the process, until it is over', async () => {
    await world.define();
    const { metadata } = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    world.collector.cross({ run: metadata.uid, eventId: 1 });
    await world.until((status) => status.armed[0]?.crossing !== undefined);
    world.collector.cross({ run: metadata.uid, eventId: 2, value: 900 });
    world.clock.advance(1000);
    const later = await world.until((status) => secondsIn(status) >= 1);
    expect(later.armed[0]).toMatchObject({ state: 'firing', crossing: { eventId: 1 } });
    await expect.poll(names).toEqual([nameOfEvent(1)]);
    await world.restart();
    world.clock.advance(1000);
    const after = await world.until((status) => secondsIn(status) >= 2);
    expect(after.armed[0]).toMatchObject({ state: 'firing', crossing: { eventId: 1 }, notification: nameOfEvent(1) });
    await world.enter('run', { phase: 'done' });
    await world.until(({ armed }) => armed.length === 0);
    expect(await names()).toEqual([nameOfEvent(1)]);
  });

  it('has its notification also where the process ended before it was written', async () => {
    await world.define();
    const { metadata } = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    world.collector.cross({ run: metadata.uid, eventId: 3 });
    await expect.poll(names).toEqual([nameOfEvent(3)]);
    await world.store.delete(notifications, { namespace: 'shop', name: nameOfEvent(3) });
    await world.restart();
    await expect.poll(names).toEqual([nameOfEvent(3)]);
  });

  it('is told what a view shows to have crossed, though nobody called', async () => {
    await world.define();
    const { metadata } = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    const crossing = {
      subscription: id,
      run: metadata.uid,
      threshold: 'ddos',
      value: 200,
      limit: 100,
      agent: 'a',
      dataSource: '0:1',
    };
    const told = { ...crossing, samples: 12, errorPercent: 50, eventId: 4, observerStartedAt: start - 5000, at: start };
    world.collector.said = () => ({
      armings: [{ run: metadata.uid, threshold: 'ddos', state: 'firing', message: '', crossing: told }],
    });
    world.clock.advance(1000);
    const { armed } = await world.until((status) => status.armed[0]?.crossing !== undefined);
    expect(armed[0]?.notification).toBe(nameOfEvent(4));
    await expect.poll(names).toEqual([nameOfEvent(4)]);
  });

  it('is told although somebody else has written to the monitor meanwhile', async () => {
    await world.define();
    const { metadata } = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    world.beforeWrite = async () => {
      const object = await world.store.get(monitors, key);
      const { status } = object;
      if (status !== undefined)
        await world.store.updateStatus(monitors, { ...object, status: { ...status, message: 'somebody else' } });
    };
    world.collector.cross({ run: metadata.uid });
    const { message } = await world.until((status) => status.armed[0]?.crossing !== undefined);
    expect(message).not.toBe('somebody else');
    expect(world.errors).toEqual([]);
  });

  it('is told although an order to the observer is under way', async () => {
    await world.define();
    const { metadata } = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    const answer = Promise.withResolvers<undefined>();
    world.collector.before.put = async () => {
      await answer.promise;
    };
    world.collector.before.view = async () => {
      await answer.promise;
    };
    await world.enter('run', { phase: 'inject', touched: true, dirty: true });
    await systemClock.sleep(30);
    world.collector.cross({ run: metadata.uid });
    await world.until((status) => status.armed[0]?.crossing !== undefined);
    answer.resolve(undefined);
  });
});

describe('the notifications of a monitor', () => {
  it('tell what crossed, are owned by the monitor, and are objects that Squall itself would take', async () => {
    const { metadata } = await world.define();
    const run = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    world.collector.cross({ run: run.metadata.uid });
    await expect.poll(names).toHaveLength(1);
    const [notification] = await world.notifications();
    expect(validateObject(notification)).toEqual([]);
    expect(notification?.metadata.ownerReferences).toEqual([
      { apiVersion, kind: 'NetworkMonitor', name: 'traffic', uid: metadata.uid },
    ]);
    expect(notification?.spec).toEqual({
      networkEvent: {
        flow: { name: 'tcp', keys: 'ipsource,ipdestination', value: 'frames' },
        event: {
          ...{ eventID: 0, threshold: 100, value: 612.346, timestamp: new Date(start).toISOString(), name: 'ThresholdCrossed' },
          ...{ metric: 'tcp', thresholdID: 'ddos', agent: '10.0.0.1', dataSource: '2:1000', flowKey: '10.0.0.2,10.0.0.3' },
        },
      },
      ...{ monitor: 'traffic', run: { uid: run.metadata.uid, name: 'run' } },
      expiresAt: new Date(start + 24 * 3_600_000).toISOString(),
    });
    await world.store.delete(monitors, key);
    await expect.poll(names).toEqual([]);
  });

  it('are one where a threshold and a run cross by the same datagram: the one that the run names', async () => {
    await world.define();
    const run = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    world.collector.cross({ eventId: 10 });
    world.collector.cross({ eventId: 11, run: run.metadata.uid });
    const status = await world.until(({ armed }) => armed[0]?.crossing !== undefined);
    expect(status.thresholds[0]).toMatchObject({ state: 'firing', lastCrossing: { eventId: 10 } });
    expect(status.state).toBe('firing');
    await expect.poll(names).toEqual([nameOfEvent(11)]);
    await nextSecond();
    expect(await names()).toEqual([nameOfEvent(11)]);
  });

  it('are at most maxEvents, the newest and the one that a run names, however many come', async () => {
    await world.define({ ...monitorSpec, eventsConfig: { maxEvents: 3 } });
    const run = await world.arm();
    await world.until(({ armed }) => armed.length === 1);
    world.collector.cross({ eventId: 0, run: run.metadata.uid });
    await expect.poll(names).toHaveLength(1);
    let created = 0;
    for (let second = 1; second <= 5; second += 1) {
      const before = new Set(await names());
      for (let event = 0; event < 100; event += 1) world.collector.cross({ eventId: 100 * second + event });
      await nextSecond();
      await expect.poll(async () => (await names()).length).toBeLessThanOrEqual(3);
      created += (await names()).filter((name) => !before.has(name)).length;
    }
    await expect.poll(names).toContain(nameOfEvent(599));
    expect(await names()).toContain(nameOfEvent(0));
    expect(created).toBeLessThanOrEqual(5 * 3);
  });

  it('go when their time is over', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    world.collector.cross({ eventId: 1 });
    await expect.poll(names).toEqual([nameOfEvent(1)]);
    world.clock.advance(23 * 3_600_000);
    await systemClock.sleep(50);
    expect(await names()).toEqual([nameOfEvent(1)]);
    world.clock.advance(3_600_000 + 1000);
    await expect.poll(names).toEqual([]);
  });

  it('tell once that an agent is lost', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    const lost = { name: 'ddos', state: 'lost' as const, message: '10.0.0.1 is silent', value: 0, limit: 100 };
    world.collector.said = () => ({ agents: [agentView({ signal: 'lost' })], thresholds: [lost] });
    for (let second = 0; second < 3; second += 1) await nextSecond();
    const status = await world.until(stateIs('lost'));
    expect(status.message).toBe('ddos: 10.0.0.1 is silent');
    expect(secondsIn(status)).toBe(3);
    const all = await world.notifications();
    expect(all.map(({ spec }) => [spec.networkEvent.event.name, spec.networkEvent.event.agent])).toEqual([
      [signalLost, '10.0.0.1'],
    ]);
    const { said } = world.collector;
    await world.restart((collector) => {
      collector.said = said;
    });
    world.clock.advance(1000);
    await world.until((next) => secondsIn(next) >= 4);
    await systemClock.sleep(50);
    expect(await names()).toHaveLength(1);
  });

  it('of a monitor that nobody armed tell of every event of its threshold', async () => {
    await world.define();
    await world.until(stateIs('quiet'));
    world.collector.cross({ eventId: 1 });
    const status = await world.until(stateIs('firing'));
    expect(status.thresholds[0]).toMatchObject({ state: 'firing', value: 612.346, flow: '10.0.0.2,10.0.0.3' });
    await expect.poll(names).toEqual([nameOfEvent(1)]);
    world.clock.advance(1000);
    // The next view decides: it says that all is quiet again.
    const quiet = await world.until(stateIs('quiet'));
    expect(quiet.thresholds[0]?.lastCrossing?.eventId).toBe(1);
  });
});
