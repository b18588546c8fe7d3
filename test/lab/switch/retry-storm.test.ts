import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, labExec, labUp, parseTopology } from '../../../src/lab/index.ts';
import {
  defineFlow,
  detectionPower,
  type DetectorRule,
  smoothingMsOf,
  startDetector,
  weigh,
} from '../../../src/observers/index.ts';
import { newPlace, removePlace } from '../support/labs.ts';
import { hasOpenVswitch } from '../support/open-vswitch.ts';
import { listenToSflow, packetsOf, type SflowListener } from '../support/sflow-listener.ts';

type Monitor = { flows: { keys: string; value: string; filter: string }[]; thresholds: { value: number }[] };

const experiment = parseAllDocuments(readFileSync('experiments/sflow-abort.yaml', 'utf8')).map(
  (document) => document.toJS() as { kind: string; spec: Monitor },
);
const monitor = experiment.find(({ kind }) => kind === 'NetworkMonitor')?.spec ?? expect.fail();
const [written = expect.fail()] = monitor.flows;
const threshold = monitor.thresholds[0]?.value ?? expect.fail();
const flow = defineFlow({ ...written, keys: written.keys.split(',') });
const topologyFile = resolve('experiments/lab/shop-openvswitch.yaml');

/** What the fault of the experiment does, without the rest of Squall: four of five answers to the checkout are lost. */
const lossOfAnswers = (checkout: string) =>
  `table inet storm {
  chain out {
    type filter hook output priority filter
    ip daddr ${checkout} tcp sport 8080 numgen random mod 5 < 4 drop
  }
}
`;

describe.skipIf(!hasOpenVswitch)('the shop with Open vSwitch', { timeout: 60_000 }, () => {
  const place = newPlace();
  let lab: Lab;
  let listener: SflowListener;
  beforeAll(async () => {
    listener = await listenToSflow();
    const text = readFileSync(topologyFile, 'utf8').replace('127.0.0.1:6343', `127.0.0.1:${String(listener.port)}`);
    lab = await labUp({ ...place, topology: parseTopology(text, topologyFile, resolve('experiments/lab')) });
  }, 120_000);
  afterAll(async () => {
    await removePlace(place);
    listener.close();
  });

  const addressOf = (name: string) => lab.pods.find(({ metadata }) => metadata.name === name)?.status?.podIP ?? '';
  /** Of the monitored flow: what each datagram brought since an instant. */
  const intervals = (since: number) =>
    listener.heard.flatMap(({ at, datagram }, index) => {
      const weights = packetsOf(datagram).flatMap(({ rate = 0, ipSource, ipDestination, destinationPort }) => {
        if (ipSource === undefined || ipDestination === undefined || destinationPort === undefined) return [];
        const fields = { ipsource: ipSource, ipdestination: ipDestination, tcpdestinationport: destinationPort, bytes: 0 };
        return flow.flowOf(fields) === undefined ? [] : [rate];
      });
      if (at < since) return [];
      const weight = weights.reduce((sum, one) => sum + one, 0);
      const fromMs = listener.heard[index - 1]?.at ?? since;
      return [{ fromMs, toMs: at, samples: weights.length, weight, heaviest: Math.max(0, ...weights), lostDatagrams: 0 }];
    });
  const framesPerSecond = (since: number) =>
    intervals(since).reduce((sum, { weight }) => sum + weight, 0) / ((performance.now() - since) / 1000);
  /** Seconds until the default detector decides; undefined when it does not. */
  const decidedAfter = (since: number): number | undefined => {
    const rule: DetectorRule = { detector: 'cusum', rearmMs: 5000, side: 'above', threshold, sampleWeight: 8 };
    let state = startDetector(rule, since);
    for (const interval of intervals(since)) {
      const weighed = weigh(rule, state, interval);
      state = weighed.state;
      if (weighed.decided) return (interval.toMs - since) / 1000;
    }
    return undefined;
  };

  it('is sampled often enough for its threshold', () => {
    const samplingRate = lab.switch?.sampling ?? expect.fail();
    const power = detectionPower({ threshold, smoothingMs: smoothingMsOf(undefined), samplingRate, packetValue: 1 });
    expect(power).toMatchObject({ judgement: 'enough' });
    expect(threshold / samplingRate).toBeGreaterThanOrEqual(10);
  });

  it('is quiet while all is well, and shows a retry storm on the wire when answers of payments are lost', async () => {
    const began = performance.now();
    await sleep(6000);
    const usual = framesPerSecond(began);
    expect(usual).toBeGreaterThan(threshold / 10);
    expect(usual).toBeLessThan(threshold * 0.8);
    expect(decidedAfter(began)).toBeUndefined();
    const hurt = performance.now();
    const input = lossOfAnswers(addressOf('checkout'));
    for (const pod of ['payments-0', 'payments-1', 'payments-2']) {
      expect(await labExec({ ...place, pod, command: ['nft', '-f', '-'] }, { input })).toMatchObject({ code: 0, stderr: '' });
    }
    await sleep(6000);
    const after = decidedAfter(hurt);
    expect(framesPerSecond(hurt + 3000)).toBeGreaterThan(threshold * 1.5);
    expect(after).toBeLessThan(6);
  });
});
