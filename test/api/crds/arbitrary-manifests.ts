/** Specs of every kind as people might write them, mostly valid, and slips within them. */
import fc from 'fast-check';
import type { Kind } from '../../../src/api/index.ts';
import { bend } from '../samples.ts';

import { shaper } from './arbitrary-faults.ts';
import { optional, record, name, milliseconds, duration, percent, port, rate, selector, endpoint } from './arbitrary-places.ts';

const source = fc.oneof(
  fc.record({ name, namespace: optional(name) }),
  fc.record({ kind: optional(fc.constant('selector')), sourceSelector: selector }),
);
const testTimes = {
  frequency: duration(1, 3600),
  period: duration(1, 60),
  timeout: duration(1, 60),
  count: fc.integer({ min: 1, max: 1000 }),
};
const connectivity = fc.constantFrom('3', '4', 3, 4).chain((layer) =>
  record(
    {
      layer: fc.constant(layer),
      source,
      destinations: fc.array(endpoint(String(layer) === '4'), { minLength: 1, maxLength: 3 }),
      ...testTimes,
    },
    ['layer', 'source', 'destinations'],
  ),
);
const flagText = fc.constantFrom(true, false, 'true', 'false');
const client = record(
  {
    kind: fc.constantFrom('pod', 'service', 'node'),
    name,
    port,
    configuration: record({
      protocol: fc.constant('tcp'),
      bandwidth: fc.oneof(rate, fc.constantFrom('1000m', '10k', '1G')),
      bidrectional: flagText,
    }),
  },
  ['kind', 'name'],
);
const performance = fc.oneof(
  record(
    {
      type: fc.constant('iperf'),
      clients: fc.array(client, { minLength: 1, maxLength: 3 }),
      servers: fc.array(endpoint(undefined), { minLength: 1, maxLength: 3 }),
      duration: duration(1, 3600),
      port,
      iterations: fc.constantFrom(1, 100, '7'),
    },
    ['type', 'clients', 'servers'],
  ),
  fc.record({ type: fc.constant('iperf'), iterations: fc.integer({ min: 1, max: 100 }) }),
);

const bound = (amount: fc.Arbitrary<unknown>) =>
  fc.oneof(
    amount,
    record({ atMost: amount }, ['atMost']),
    record({ overBaseline: fc.oneof(amount, fc.constantFrom('20%', '-5.5%')) }, ['overBaseline']),
  );
const points = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true }), percent);
const time = milliseconds(0, 2000);
const tolerance = {
  connectivity: record({ lossPercent: bound(points), rttP95: bound(time), jitter: bound(time) }),
  performance: record({ bitrate: bound(rate), retransmits: bound(fc.nat()), lossPercent: bound(points) }),
  query: record({ value: bound(fc.double({ min: 0, max: 1e6, noNaN: true })) }),
};
const times = {
  phases: fc.uniqueArray(fc.constantFrom('before', 'during', 'after'), { minLength: 1 }),
  recoverWithin: duration(0, 9),
};
const entry = fc.oneof(
  record({ name, connectivity: fc.oneof(connectivity, fc.record({ ref: name })), tolerance: tolerance.connectivity, ...times }, [
    'name',
    'connectivity',
  ]),
  record({ name, performance: fc.oneof(performance, fc.record({ ref: name })), tolerance: tolerance.performance, ...times }, [
    'name',
    'performance',
    'tolerance',
  ]),
  record(
    {
      name,
      query: fc.record({ endpoint: fc.webUrl(), expression: fc.constant('up') }),
      tolerances: record({ before: tolerance.query, during: tolerance.query, after: tolerance.query }),
      tolerance: tolerance.query,
      ...times,
    },
    ['name', 'query'],
  ),
);
const experiment = fc
  .record({
    duration: duration(1, 3600),
    fault: fc.oneof(shaper, fc.record({ ref: name })),
    hypothesis: fc.array(entry, { maxLength: 3 }),
    times: record({
      before: duration(0, 60),
      after: duration(0, 60),
      seed: fc.oneof(name, fc.nat()),
      preflight: fc.array(fc.record({ ref: name })),
      blastRadius: record({
        maxTargets: fc.integer({ min: 0, max: 200_000 }),
        maxPercentOfWorkload: fc.integer({ min: 0, max: 101 }),
        maxPercentOfNamespace: fc.constantFrom(1, 33, 100, '50'),
        maxNodes: fc.integer({ min: 1, max: 9 }),
        maxRunsPerTarget: fc.integer({ min: 0, max: 16 }),
        minAge: duration(0, 3600),
      }),
    }),
    watched: fc.boolean(),
  })
  .map(({ times: more, watched, ...spec }) => {
    const [first] = spec.hypothesis as { name: string }[];
    const abort = watched && first !== undefined ? { abort: [{ hypothesis: first.name, for: '5s' }] } : {};
    return { ...spec, ...more, ...abort };
  });

const flow = record(
  {
    name,
    keys: fc.constantFrom('ipsource', 'ipsource,ipdestination'),
    value: fc.constant('frames'),
    log: fc.oneof(flagText, fc.constant('')),
    activeTimeout: fc.constantFrom('', '60', 60, '2s'),
    filter: fc.constantFrom('', 'a=b'),
  },
  ['name', 'keys', 'value'],
);

export const specs: Record<Exclude<Kind, 'NodeTask'>, fc.Arbitrary<unknown>> = {
  NetworkTrafficShaper: shaper,
  NetworkConnectivityTest: connectivity,
  NetworkPerformanceTest: performance,
  NetworkDelayTest: record(
    {
      protocol: fc.constantFrom('tcp', 'udp', 'tcp_lat'),
      source,
      destinations: fc.array(endpoint(undefined), { minLength: 1, maxLength: 2 }),
    },
    ['protocol', 'source', 'destinations'],
  ),
  NetworkMonitor: fc
    .record({
      flows: fc.array(flow, { minLength: 1, maxLength: 3 }),
      number: fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e9, noNaN: true }), fc.nat().map(String)),
      decided: record({
        detector: fc.constantFrom('cusum', 'ewma'),
        condition: fc.constantFrom('above', 'below'),
        timesBaseline: fc.constantFrom(0.5, 1, 2),
        exemptTargets: fc.boolean(),
      }),
    })
    .map(({ flows, number: value, decided }) => ({
      flows,
      thresholds: [{ name: 't', value, flowName: (flows[0] as { name: string }).name, byFlow: '', ...decided }],
      eventsConfig: { maxEvents: '5', timeout: '60' },
    })),
  NetworkNotification: fc.record({
    networkEvent: fc.record({
      event: record(
        {
          eventID: fc.oneof(fc.nat(), fc.nat().map(String)),
          threshold: fc.constantFrom(20, 1.5, '20'),
          value: fc.constantFrom(1.2, '1.2', -3),
          timestamp: fc.constantFrom('', 0, 1_558_437_300_000, '2019-05-21T11:15:00Z', '2019-05-21T11:15:00+00:00 in ISO 8601'),
        },
        ['eventID', 'threshold', 'value'],
      ),
    }),
  }),
  NetworkModulesValidator: fc.oneof(
    record(
      {
        nodes: fc.constant('all'),
        sysctls: fc.constantFrom({ 'net.ipv4.ip_forward': 1 }, { 'net/ipv4/tcp_rmem': '4096 1 2' }, { 'kernel.panic': 1 }),
        sysctlRules: fc.array(
          fc.record({
            name: fc.constantFrom('net.core.somaxconn', 'kernel.panic', 'net.ipv4.conf.eth0/1.proxy_arp'),
            ...{ equals: fc.constantFrom(undefined, 1, '1'), oneOf: fc.constantFrom(undefined, undefined, ['0', 2]) },
            ...{ atLeast: fc.constantFrom(undefined, undefined, 3), atMost: fc.constantFrom(undefined, undefined, 2, 4) },
            ...{ exists: fc.constantFrom(undefined, undefined, true), scope: fc.constantFrom(undefined, 'host', 'pod') },
          }),
          { maxLength: 2 },
        ),
        modules: fc.array(name, { minLength: 1 }),
        qdiscs: fc.array(name),
        features: fc.subarray(['netem', 'ifb', 'nft-set-timeout']),
        tools: fc.array(name),
        kernel: fc.constantFrom({ atLeast: '5.10' }, { atLeast: '5', atMost: '6.6.1' }),
        period: duration(10, 60),
        enforce: fc.boolean(),
      },
      ['sysctls'],
    ),
    fc.record({ nodeNames: fc.array(name, { minLength: 1 }), kernel: fc.constant({ atMost: '7' }) }),
    record({ nodeSelector: selector, modules: fc.array(name, { minLength: 1 }) }, ['modules']),
    fc.record({ net: fc.constantFrom({ ipv4: { ip_forward: 1 } }, { bridge: { 'bridge-nf-call-iptables': null } }) }),
  ),
  NetworkHalt: fc.record({ reason: fc.constantFrom('the pager rang', 'x'), by: name }),
  NetworkExperiment: experiment,
  NetworkExperimentSchedule: record(
    {
      schedule: fc.constantFrom('30 2 * * 1-5', '@daily', '*/10 * * * * *', ' 0 0 * * MON '),
      timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires'),
      suspend: fc.boolean(),
      experimentTemplate: fc.record({ spec: experiment }),
    },
    ['schedule', 'experimentTemplate'],
  ),
  NetworkGameDay: fc.record({
    steps: fc.uniqueArray(
      record({ name, experiment: fc.oneof(experiment, fc.record({ ref: name })), pause: duration(0, 60) }, [
        'name',
        'experiment',
      ]),
      {
        minLength: 1,
        maxLength: 3,
        selector: (step) => (step as { name: string }).name,
      },
    ),
  }),
};

/** Paths of everything within a value, such as `targets.0.kind`. */
function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, one]) => pathsOf(one, path === '' ? key : `${path}.${key}`));
  return path === '' ? inner : [path, ...inner];
}

const slips = [
  '',
  '0s',
  '1s',
  '50%',
  '50',
  '200ms',
  '10mbit',
  'pod',
  'selector',
  'ip',
  'one',
  'fixed',
  '3',
  '4',
  'x',
  'A b',
  'true',
  '::1',
  '10.0.0.0/8',
  0,
  1,
  1.5,
  -1,
  4,
  true,
  [],
  {},
];

/** The same with one thing removed, or another value in its place. */
export function bent(spec: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(spec, fc.nat(), fc.constantFrom(undefined, ...slips)).map(([whole, at, value]) => {
    const paths = pathsOf(JSON.parse(JSON.stringify(whole)));
    return bend(JSON.parse(JSON.stringify(whole)), paths[at % paths.length] ?? 'x', value);
  });
}
