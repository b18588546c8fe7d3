import { describe, expect, it } from 'vitest';
import { notImplementedYet } from '../../src/api/index.ts';
import { bend, connectivity, experiment, goodSpecs, manifestText, readText, shaper } from './samples.ts';

function missing(kind: string, spec: unknown): string[] {
  const { manifests, errors } = readText(manifestText(kind, spec));
  expect(errors).toEqual([]);
  return manifests.flatMap(notImplementedYet).map(({ path, code }) => `${code} ${path}`);
}

const built = [
  'NetworkTrafficShaper',
  'NetworkConnectivityTest',
  'NetworkExperiment',
  'NetworkExperimentSchedule',
  'NetworkModulesValidator',
  'NetworkMonitor',
  'NetworkNotification',
];

describe('notImplementedYet', () => {
  it.each([
    [
      'a shaper',
      'NetworkTrafficShaper',
      {
        ...shaper,
        peers: [
          { kind: 'service', name: 'db' },
          { kind: 'cidr', cidr: '10.0.0.0/8' },
        ],
      },
    ],
    ['a loss', 'NetworkTrafficShaper', bend(shaper, 'configuration', { type: 'loss', value: '10%', burst: 3 })],
    ['a connectivity test', 'NetworkConnectivityTest', connectivity],
    ['an experiment', 'NetworkExperiment', { ...experiment, abort: [{ hypothesis: 'reaches', for: '5s' }] }],
    [
      'an experiment of references',
      'NetworkExperiment',
      { duration: '5s', fault: { ref: 'a' }, hypothesis: [{ name: 'a', connectivity: { ref: 'b' } }] },
    ],
    [
      'host names as peers and exceptions',
      'NetworkTrafficShaper',
      { ...shaper, peers: [{ kind: 'host', host: 'a.example' }], except: [{ kind: 'host', host: 'b.example' }] },
    ],
    [
      'a random share of the targets',
      'NetworkTrafficShaper',
      { ...shaper, targets: [{ ...shaper.targets[0], mode: 'random-max-percent', value: '5' }] },
    ],
    ['an abort by a monitor', 'NetworkExperiment', { ...experiment, abort: [{ monitor: { ref: 'm', threshold: 't' } }] }],
    [
      'a schedule of what a monitor may abort',
      'NetworkExperimentSchedule',
      bend(goodSpecs.NetworkExperimentSchedule, 'experimentTemplate.spec', {
        ...experiment,
        abort: [{ monitor: { ref: 'm', threshold: 't' } }],
      }),
    ],
    ['a monitor', 'NetworkMonitor', goodSpecs.NetworkMonitor],
    ['a notification', 'NetworkNotification', goodSpecs.NetworkNotification],
    ['a gate of validators', 'NetworkExperiment', { ...experiment, preflight: [{ ref: 'netem-ready' }] }],
    ['a validator', 'NetworkModulesValidator', goodSpecs.NetworkModulesValidator],
    ['a fault in both directions', 'NetworkTrafficShaper', { ...shaper, direction: 'both' }],
    ['a partition', 'NetworkTrafficShaper', bend(shaper, 'configuration', { type: 'partition' })],
    [
      'a schedule',
      'NetworkExperimentSchedule',
      { schedule: '@daily', experimentTemplate: { spec: { duration: '5s', fault: { ref: 'a' } } } },
    ],
  ])('finds nothing in %s', (_title, kind, spec) => {
    expect(missing(kind, spec)).toEqual([]);
  });

  it.each([
    [
      'NetworkConnectivityTest',
      bend(connectivity, 'source', { sourceSelector: { matchLabels: { app: 'a' } } }),
      'spec.source.sourceSelector',
    ],
    ['NetworkConnectivityTest', { ...connectivity, frequency: '5s' }, 'spec.frequency'],
    [
      'NetworkConnectivityTest',
      { ...connectivity, destinations: [{ kind: 'node', name: 'n', port: 22 }] },
      'spec.destinations[0].kind',
    ],
    [
      'NetworkExperiment',
      bend(experiment, 'hypothesis.0.connectivity.destinations', [{ kind: 'host', host: 'a.b', port: 1 }]),
      'spec.hypothesis[0].connectivity.destinations[0].kind',
    ],
    [
      'NetworkExperiment',
      { ...experiment, hypothesis: [{ name: 'a', performance: { ref: 'p' }, tolerance: { bitrate: { overBaseline: '-5%' } } }] },
      'spec.hypothesis[0].performance',
    ],
    [
      'NetworkExperiment',
      { ...experiment, hypothesis: [{ name: 'a', query: { expression: 'up' }, tolerance: { value: 1 } }] },
      'spec.hypothesis[0].query',
    ],
    [
      'NetworkExperimentSchedule',
      bend(goodSpecs.NetworkExperimentSchedule, 'experimentTemplate.spec', {
        ...experiment,
        hypothesis: [{ name: 'a', query: { expression: 'up' }, tolerance: { value: 1 } }],
      }),
      'spec.experimentTemplate.spec.hypothesis[0].query',
    ],
    ...Object.entries(goodSpecs)
      .filter(([kind]) => !built.includes(kind))
      .map(([kind, spec]) => [kind, spec, 'kind'] as const),
  ] as const)('names what is missing for a %s: %j', (kind, spec, path) => {
    expect(missing(kind, spec)).toEqual([`NotImplemented ${path}`]);
  });
});
