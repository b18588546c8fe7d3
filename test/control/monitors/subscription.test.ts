import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readManifests, readSpec } from '../../../src/api/index.ts';
import type { ArmedRun } from '../../../src/control/monitors/armed-runs.ts';
import { armedEntries, mostArmed, subscriptionOf } from '../../../src/control/monitors/subscription.ts';
import { monitor, relativeThreshold } from '../../api/samples.ts';

const armed = (uid: string, ...thresholds: string[]): ArmedRun => ({
  ...{ monitor: 'shop/m', uid, name: uid, createdAt: '', phase: 'before', targets: ['10.0.0.1'] },
  thresholds,
});

describe('what an observer is asked to watch', () => {
  it('is what the monitor says, smoothed over 2 s, with 20 flows to show, and armed again after 10 s', () => {
    const filter = 'ipprotocol=6';
    const flows = [{ ...monitor.flows[0], filter, activeTimeout: '60s', log: true }];
    const model = readSpec('NetworkMonitor', {
      flows,
      thresholds: [...monitor.thresholds, { ...relativeThreshold, byFlow: true }],
    });
    expect(subscriptionOf('shop/m', model, [])).toEqual({
      id: 'shop/m',
      flows: [
        {
          ...{ name: 'tcp', keys: ['ipsource', 'ipdestination'], value: 'frames', filter, smoothingMs: 2000, top: 20 },
          log: { flowStart: false, activeTimeoutMs: 60_000 },
        },
      ],
      thresholds: [
        {
          ...{ name: 'ddos', flow: 'tcp', value: 100, detector: 'cusum', condition: 'above', rearmMs: 10_000 },
          ...{ byFlow: false, exemptTargets: false },
        },
        {
          ...{ name: 'half', flow: 'tcp', value: 100, detector: 'cusum', condition: 'below', rearmMs: 10_000 },
          ...{ byFlow: true, exemptTargets: false, timesBaseline: 0.5 },
        },
      ],
      armings: [],
      events: { most: 5, timeoutMs: 5000 },
    });
  });

  it.each(['01', '08'])("takes the talk's manifest %s unchanged", (number) => {
    const file = `${number}-network-monitor.yaml`;
    const text = readFileSync(new URL(`../../fixtures/talk/${file}`, import.meta.url), 'utf8');
    const [manifest] = readManifests([{ name: file, text }]).manifests;
    if (manifest?.kind !== 'NetworkMonitor') throw new Error('expected a NetworkMonitor');
    const { flows, thresholds } = subscriptionOf('default/sflow-monitor', manifest.model, []);
    expect(flows.map(({ name }) => name)).toEqual(['elephant-flow', 'icmp-flow']);
    expect(thresholds).toMatchObject([{ name: 'ddos', flow: 'elephant-flow', value: 100, detector: 'ewma' }]);
  });

  it('refuses a metric that is no flow, and names the field', () => {
    const model = readSpec('NetworkMonitor', { ...monitor, thresholds: [{ ...monitor.thresholds[0], metric: 'load_one' }] });
    expect(() => subscriptionOf('shop/m', model, [])).toThrow(/spec\.thresholds\[0\]\.metric: 'load_one': expected 'tcp'/);
  });

  it('arms a run for the thresholds that the monitor has', () => {
    const model = readSpec('NetworkMonitor', monitor);
    expect(subscriptionOf('shop/m', model, [armed('a', 'ddos', 'none'), armed('b', 'none')]).armings).toEqual([
      { run: 'a', phase: 'before', targets: ['10.0.0.1'], thresholds: ['ddos'] },
    ]);
  });

  it('arms runs whole or not at all, the older ones first, up to what a status can show', () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `t${String(index)}`);
    const runs = [armed('old', ...names(mostArmed - 2)), armed('large', ...names(3)), armed('small', ...names(2))];
    const { entries, left } = armedEntries(runs);
    expect(entries).toHaveLength(mostArmed);
    expect(new Set(entries.map(({ run }) => run.uid))).toEqual(new Set(['old', 'small']));
    expect(left.map(({ uid }) => uid)).toEqual(['large']);
  });
});
