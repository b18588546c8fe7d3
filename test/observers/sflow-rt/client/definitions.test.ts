import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WatchedThreshold } from '../../../../src/observers/index.ts';
import { contradictionIn, definitionsOf, pathOf } from '../../../../src/observers/sflow-rt/client/definitions.ts';
import { nameInSflowRt } from '../../../../src/observers/sflow-rt/client/names.ts';
import { ddos, tcpFlow, traffic } from '../subscriptions.ts';

test('a subscription becomes flows, and then thresholds, with names of our own', () => {
  const log = { flowStart: true, activeTimeoutMs: 90_000 };
  const flow = { ...tcpFlow, filter: 'ipprotocol=6', top: 50, log };
  expect(definitionsOf({ ...traffic, flows: [tcpFlow, { ...flow, name: 'icmp' }] })).toEqual([
    {
      kind: 'flow',
      name: 'squall_shop_traffic_tcp',
      body: { keys: 'ipsource,ipdestination', value: 'frames', t: 0.2, n: 5 },
    },
    {
      kind: 'flow',
      name: 'squall_shop_traffic_icmp',
      body: {
        keys: 'ipsource,ipdestination',
        value: 'frames',
        filter: 'ipprotocol=6',
        t: 0.2,
        n: 20,
        log: true,
        flowStart: true,
        activeTimeout: 90,
      },
    },
    {
      kind: 'threshold',
      name: 'squall_shop_traffic_ddos',
      body: { metric: 'squall_shop_traffic_tcp', value: 100, byFlow: false, timeout: 0.3 },
    },
  ]);
});

test.each<[string, Partial<WatchedThreshold>, RegExp]>([
  ['the default detector', { detector: 'cusum' }, /threshold 'ddos': detector 'cusum': expected ewma/],
  ['below', { condition: 'below' }, /condition 'below': expected above/],
  ['a multiple of the baseline', { timesBaseline: 2 }, /timesBaseline: expected none/],
  ['exempt targets', { exemptTargets: true }, /exemptTargets: expected false/],
  ['a flow that is not there', { flow: 'udp' }, /flow 'udp': expected one of the monitor's/],
])('%s is refused, as an sFlow-RT cannot do it', (_what, threshold, message) => {
  expect(() => definitionsOf({ ...traffic, thresholds: [{ ...ddos, ...threshold }] })).toThrow(message);
});

test('no two monitors have a name in common, and none has a dot in front', () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,3}[a-z0-9])?$/);
  const monitor = fc.array(label, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
  const flow = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,6}$/);
  const named = fc.record({ namespace: label, monitor, flow });
  fc.assert(
    fc.property(named, named, (one, other) => {
      const [first, second] = [one, other].map((of) => nameInSflowRt(`${of.namespace}/${of.monitor}`, of.flow));
      expect(first === second).toBe(JSON.stringify(one) === JSON.stringify(other));
      expect(nameInSflowRt(`${one.namespace}/${one.monitor}`, 'tcp')).not.toContain('.');
    }),
    { numRuns: 2000 },
  );
});

describe('what an sFlow-RT has', () => {
  const [flow, threshold] = definitionsOf(traffic).filter(({ name }) => !name.endsWith('icmp'));
  test.each<[string, typeof flow, Record<string, unknown>, RegExp | undefined]>([
    ['the same, with more beside it', flow, { keys: 'ipsource,ipdestination', value: 'frames', t: '0.2', fs: ',' }, undefined],
    ['nothing that is compared', flow, {}, undefined],
    ['an empty filter', flow, { filter: '' }, undefined],
    ['keys as a list, t in bounds', flow, { keys: ['ipsource', 'ipdestination'], t: 0.5 }, undefined],
    [
      'other keys',
      flow,
      { keys: 'ipsource' },
      /^flow 'squall_shop_traffic_tcp' was given keys "ipsource,ipdestination", and has another$/,
    ],
    ['a filter', flow, { filter: 'ipprotocol=6' }, /was given filter "none", and has another/],
    ['numbers as texts', threshold, { value: '100.0', byFlow: 'false' }, undefined],
    ['another value', threshold, { value: 99.5 }, /was given value 100, and has another$/],
    ['events by flow', threshold, { byFlow: 'true' }, /was given byFlow false, and has another$/],
  ])('%s: is compared by what decides', (_what, definition, got, message) => {
    expect(definition).toBeDefined();
    if (definition === undefined) return;
    const found = contradictionIn(definition, got);
    if (message === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(message);
    expect(pathOf(definition)).toBe(`/${definition.kind}/${definition.name}/json`);
  });
});
