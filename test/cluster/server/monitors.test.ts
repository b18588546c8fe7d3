/** An observer with the shipped roles beside an operator on a real API server; what it hears is sent by the test, over UDP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monitors, notifications } from '../../../src/control/index.ts';
import { type Exporter, startExporter } from '../../cli/network/exporter.ts';
import { adminOf } from './client.ts';
import { type Observers, prepareObservers, type TestObserver } from './observers.ts';
import { type Operated, startOperated } from './operated.ts';
import { until } from './until.ts';

const admin = adminOf();
const namespace = 'monitored';
const quietRate = 20;

let operated: Operated;
let observers: Observers;
let observer: TestObserver;
let exporter: Exporter | undefined;

beforeAll(async () => {
  operated = await startOperated(admin, namespace);
  await operated.operate('operator');
  observers = await prepareObservers(admin);
  observer = observers.start();
});
afterAll(async () => {
  exporter?.close();
  await observers[Symbol.asyncDispose]();
  await operated[Symbol.asyncDispose]();
  admin[Symbol.dispose]();
});

const monitor = {
  apiVersion: monitors.apiVersion,
  kind: monitors.kind,
  metadata: { name: 'traffic', namespace },
  spec: {
    flows: [{ name: 'udp', keys: 'ipsource,udpdestinationport', value: 'frames' }],
    thresholds: [{ name: 'storm', flowName: 'udp', value: 100 }],
  },
};
const armed = { duration: '10m', abort: [{ monitor: { ref: 'traffic', threshold: 'storm' } }] };

const untilState = async (state: string): Promise<void> => {
  let last: unknown;
  const look = async (): Promise<boolean> => {
    const { status } = await admin.store.get(monitors, { namespace, name: 'traffic' });
    last = status;
    return status?.state === state;
  };
  await until(`the monitor is ${state}`, look, { instead: () => `${JSON.stringify(last)} ${observer.log()}` });
};

describe('an observer on a cluster', () => {
  it('has an armed run aborted by what the network says, and leaves a notification that says it', async () => {
    await admin.must(['apply', '-f', '-'], JSON.stringify(monitor));
    exporter = startExporter(await observer.untilReceiving(), quietRate);
    await untilState('quiet');
    await operated.begin('stormy', armed);
    await operated.untilRun('stormy', ({ status }) => status?.phase === 'during');
    exporter.framesPerSecond = 1000;
    const { metadata, status } = await operated.untilDone('stormy');
    expect(status).toMatchObject({ verdict: 'Aborted', reason: 'MonitorFired', residue: 0 });
    expect(operated.faultOrdersOf('stormy')).toEqual(['apply', 'undo']);
    const { items } = await admin.store.list(notifications, { namespace });
    const told = items.find(({ spec }) => spec.run?.uid === metadata.uid);
    expect(told?.spec.networkEvent.event).toMatchObject({ thresholdID: 'storm', flowKey: '10.0.0.1,8080', agent: '192.0.2.1' });
    expect(told?.metadata.ownerReferences).toMatchObject([{ kind: 'NetworkMonitor', name: 'traffic' }]);
    exporter.framesPerSecond = quietRate;
    await untilState('quiet');
  });

  it('that is killed is a lost signal: the run that relied on it is aborted, and the next is refused', async () => {
    await operated.begin('unwatched', armed);
    await operated.untilRun('unwatched', ({ status }) => status?.phase === 'during');
    await observer.end('SIGKILL');
    const { status } = await operated.untilDone('unwatched');
    expect(status).toMatchObject({ verdict: 'Aborted', reason: 'SignalLost', residue: 0 });
    await operated.begin('refused', armed);
    expect((await operated.untilDone('refused')).status).toMatchObject({ verdict: 'Refused', reason: 'SignalLost' });
    expect(operated.faultOrdersOf('refused')).toEqual([]);
  });

  it('that is started anew takes over once the Lease of the killed one has run out, and is believed again', async () => {
    observer = observers.start();
    const to = await observer.untilReceiving();
    if (exporter) exporter.to = to;
    await untilState('quiet');
  });

  it('leaves nothing of a monitor that is deleted: its notifications go with it', async () => {
    await admin.must(['delete', 'networkmonitor', 'traffic', '-n', namespace]);
    await until('its notifications are gone', async () => {
      const { items } = await admin.store.list(notifications, { namespace });
      return items.length === 0;
    });
  });
});
