import { describe, expect, it } from 'vitest';
import { type Kind } from '../../../src/api/index.ts';
import {
  bend,
  connectivity,
  errorsOf,
  experiment,
  goodSpecs,
  monitor,
  performance,
  relativeThreshold,
  shaper,
} from '../samples.ts';

/** What is written, at which path, and what the one error must say. */
type Refusal = [path: string, value: unknown, errorPath: string, message: RegExp];

function refuses(kind: Kind, base: unknown, cases: Refusal[]): void {
  it.each(cases)(`a ${kind} with %s = %j is refused at %s`, (path, value, errorPath, message) => {
    const errors = errorsOf(kind, bend(base, path, value));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
    expect(errors[0]?.startsWith(`${errorPath}: `)).toBe(true);
  });
}

describe('every kind', () => {
  it.each(Object.entries(goodSpecs))('%s takes its sample', (kind, spec) => {
    expect(errorsOf(kind, spec)).toEqual([]);
  });

  it.each(Object.entries(goodSpecs))('%s refuses a field that it does not know', (kind, spec) => {
    expect(errorsOf(kind, { ...spec, nonsense: 1 })).toEqual([expect.stringMatching(/^spec\.nonsense: unknown field/)]);
  });

  it.each(Object.keys(goodSpecs))('%s refuses to be without spec, and any other type in its place', (kind) => {
    for (const spec of [undefined, null, 'text', 7, []]) expect(errorsOf(kind, spec)).toHaveLength(1);
  });
});

describe('the fault of a shaper', () => {
  const value = 'spec.configuration.value';
  refuses('NetworkTrafficShaper', shaper, [
    ['configuration.value', 200, value, /a number without unit; expected such as 200ms/],
    ['configuration.value', ['200ms'], value, /expected a text with a unit/],
    ['configuration.value', '200', value, /expected a duration with a unit .*did you mean 200ms\?/],
    ['configuration.value', '10%', value, /expected a duration/],
    ['configuration.value', undefined, value, /required/],
    ['configuration.value', '-5ms', value, /expected a duration/],
    ['configuration.value', '0ms', value, /expected a duration with a unit from 1us to 274s/],
    ['configuration.value', '275s', value, /to 274s/],
    ['configuration.value', '4295s', value, /to 274s/],
    ['configuration.value', '1.5us', value, /expected a duration/],
    ['configuration.type', 'dealy', 'spec.configuration.type', /did you mean delay\?/],
    ['configuration.device', 'eth0; reboot', 'spec.configuration.device', /device name/],
    ['configuration.device', 'eth 0', 'spec.configuration.device', /device name/],
    ['configuration.device', '-eth0', 'spec.configuration.device', /device name/],
    ['configuration.device', '..', 'spec.configuration.device', /device name/],
    ['configuration.device', 'a/b', 'spec.configuration.device', /device name/],
    ['configuration.device', 'sixteen-letters0', 'spec.configuration.device', /at most 15/],
    ['configuration.device', '', 'spec.configuration.device', /device name/],
    ['configuration.jitter', '201ms', 'spec.configuration.jitter', /at most the delay itself/],
    ['configuration', { type: 'delay', value: '5s', jitter: '3s' }, 'spec.configuration.jitter', /2147483us/],
    ['configuration.distribution', 'normal', 'spec.configuration.distribution', /expected jitter/],
    ['configuration.burst', 3, 'spec.configuration.burst', /not used with type delay, only with loss/],
    ['configuration', undefined, 'spec.configuration', /required: targets\[0\]/],
  ]);

  const loss = bend(shaper, 'configuration', { type: 'loss', value: '10%' });
  refuses('NetworkTrafficShaper', loss, [
    ['configuration.value', '90', value, /did you mean 90%\?/],
    ['configuration.value', '101%', value, /to 100%/],
    ['configuration.value', '-1%', value, /percentage/],
    ['configuration.value', '0%', value, /percentage/],
    ['configuration.value', '0.0000001%', value, /0\.00001%/],
    ['configuration.burst', 0.5, 'spec.configuration.burst', /from 1/],
    ['configuration', { type: 'loss', value: '100%', burst: 3 }, 'spec.configuration.burst', /no bursts/],
    ['configuration', { type: 'loss', value: '90%', burst: 2 }, 'spec.configuration.burst', /at least 9/],
    ['configuration', { type: 'reorder', value: '25%' }, 'spec.configuration.delay', /required with type reorder/],
    ['configuration', { type: 'reorder', value: '100%', delay: '20ms' }, 'spec.configuration.gap', /nobody is overtaken/],
    ['configuration', { type: 'rate', value: '10' }, value, /did you mean 10mbit\?/],
    ['configuration', { type: 'slot', value: '20ms', max: '10ms' }, 'spec.configuration.max', /at least the value/],
    ['configuration', { type: 'partition', value: '1%' }, value, /not used with type partition/],
  ]);
});

describe('the steps of a fault', () => {
  const steps = 'spec.configuration.steps';
  const ramp = bend(shaper, 'configuration', {
    type: 'delay',
    value: '100ms',
    jitter: '10ms',
    steps: [{ at: '10s', value: '1s' }],
  });
  refuses('NetworkTrafficShaper', ramp, [
    ['configuration.steps', [], steps, /at least one of the steps/],
    ['configuration.steps.0.at', undefined, `${steps}[0].at`, /required; expected a duration/],
    ['configuration.steps.0.at', '999ms', `${steps}[0].at`, /from 1s to 168h/],
    ['configuration.steps.0.at', '169h', `${steps}[0].at`, /from 1s to 168h/],
    ['configuration.steps.0', { at: '10s' }, `${steps}[0]`, /expected a field to change beside at/],
    ['configuration.steps.0.value', 300, `${steps}[0].value`, /a number without unit/],
    ['configuration.steps.0.value', '10%', `${steps}[0].value`, /expected a duration with a unit from 1us to 274s/],
    ['configuration.steps.0.value', '300', `${steps}[0].value`, /did you mean 300ms\?/],
    ['configuration.steps.0.value', '5ms', `${steps}[0].jitter`, /at most the delay itself \(5ms\)/],
    ['configuration.steps.0.jitter', '2s', `${steps}[0].jitter`, /at most the delay itself \(1s\)/],
    ['configuration.steps.0.jitter', 'x', `${steps}[0].jitter`, /expected a duration/],
    ['configuration.steps.0.burst', 3, `${steps}[0].burst`, /not used with type delay, only with loss/],
    ['configuration.steps.0.type', 'loss', `${steps}[0].type`, /unknown field/],
    ['configuration.steps.0.device', 'eth1', `${steps}[0].device`, /unknown field/],
    ['configuration.steps.1', { at: '10s', value: '2s' }, `${steps}[1].at`, /at least 1s later than the step before \(10s\)/],
    ['configuration.steps.1', { at: '10999ms', value: '2s' }, `${steps}[1].at`, /at least 1s later/],
    ['configuration.steps.1', { at: '9s', value: '2s' }, `${steps}[1].at`, /at least 1s later/],
    ['configuration.value', '5ms', 'spec.configuration.jitter', /at most the delay itself/],
  ]);
  refuses('NetworkTrafficShaper', shaper, [
    ['configuration', { type: 'partition', steps: [{ at: '5s', value: '1%' }] }, steps, /partition, which has nothing to change/],
    [
      'configuration',
      { type: 'loss', value: '10%', burst: 3, steps: [{ at: '5s', value: '90%' }] },
      `${steps}[0].burst`,
      /at least 9/,
    ],
    [
      'configuration',
      { type: 'reorder', value: '50%', delay: '9ms', steps: [{ at: '5s', value: '100%' }] },
      `${steps}[0].gap`,
      /2/,
    ],
    [
      'configuration',
      { type: 'slot', value: '5ms', max: '9ms', steps: [{ at: '5s', value: '10ms' }] },
      `${steps}[0].max`,
      /10ms/,
    ],
    ['configuration', { type: 'rate', value: '1mbit', steps: [{ at: '5s', value: '1bit' }] }, `${steps}[0].value`, /from 8bit/],
    ['configuration.pulse', { active: '5s' }, 'spec.configuration.pulse.idle', /required; expected a duration/],
    ['configuration.pulse', { active: '999ms', idle: '5s' }, 'spec.configuration.pulse.active', /from 1s/],
    ['configuration.pulse', { active: '5s', idle: '0s' }, 'spec.configuration.pulse.idle', /from 1s/],
    ['configuration.pulse', { active: '5s', idle: '5s', rest: '1s' }, 'spec.configuration.pulse.rest', /unknown field/],
  ]);

  it('are at most 300', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => ({ at: `${String(index + 1)}s`, value: '1s' }));
    expect(errorsOf('NetworkTrafficShaper', bend(shaper, 'configuration.steps', many(300)))).toEqual([]);
    const errors = errorsOf('NetworkTrafficShaper', bend(shaper, 'configuration.steps', many(301)));
    expect(errors).toEqual([expect.stringMatching(/^spec\.configuration\.steps: expected at most 300 steps/)]);
  });

  it('are judged in the configuration of a target as well', () => {
    const own = { type: 'loss', value: '10%', steps: [{ at: '5s', value: '0%' }] };
    const plain = { kind: 'pod', name: 'p', configuration: { type: 'loss', value: '1%' } };
    const spec = { targets: [{ ...shaper.targets[0], configuration: own }, plain] };
    expect(errorsOf('NetworkTrafficShaper', spec)).toEqual([
      expect.stringMatching(/^spec\.targets\[0\]\.configuration\.steps\[0\]\.value: expected a percentage/),
    ]);
  });

  const late = [
    { at: '19s', value: '1s' },
    { at: '20s', value: '2s' },
    { at: '30s', value: '3s' },
  ];
  refuses('NetworkExperiment', experiment, [
    ['fault.configuration.steps', late, 'spec.fault.configuration.steps[1].at', /less than the run's duration \(20s\)/],
    [
      'fault',
      {
        targets: [
          { ...shaper.targets[0], configuration: { ...shaper.configuration, steps: late } },
          { kind: 'pod', name: 'p', configuration: shaper.configuration },
        ],
      },
      'spec.fault.targets[0].configuration.steps[1].at',
      /would never come/,
    ],
  ]);
});

describe('the blast radius of an experiment', () => {
  refuses('NetworkExperiment', experiment, [
    ['blastRadius', {}, 'spec.blastRadius', /at least one of maxTargets, .*: without one nothing is limited; remove it/],
    ['blastRadius', { maxTargets: 1, maxPods: 1 }, 'spec.blastRadius.maxPods', /unknown field/],
    ['blastRadius', { maxTargets: 0 }, 'spec.blastRadius.maxTargets', /a whole number from 1 to 100000/],
    ['blastRadius', { maxPercentOfWorkload: '50%' }, 'spec.blastRadius.maxPercentOfWorkload', /a whole number from 1 to 100/],
    ['blastRadius', { maxPercentOfNamespace: 101 }, 'spec.blastRadius.maxPercentOfNamespace', /a whole number from 1 to 100/],
    ['blastRadius', { maxNodes: 1.5 }, 'spec.blastRadius.maxNodes', /a whole number/],
    ['blastRadius', { minAge: '0s' }, 'spec.blastRadius.minAge', /a duration with a unit from 1s to 8760h/],
  ]);
});

describe('the targets and peers of a shaper', () => {
  const target = 'spec.targets[0]';
  refuses('NetworkTrafficShaper', shaper, [
    ['targets', [], 'spec.targets', /at least one/],
    ['targets.0.kind', 'service', `${target}.kind`, /one of pod, selector/],
    ['targets.0.targetSelector', undefined, `${target}.targetSelector`, /required with kind selector/],
    ['targets.0.targetSelector', {}, `${target}.targetSelector`, /would select every pod/],
    ['targets.0.targetSelector', { matchLabels: {} }, `${target}.targetSelector`, /would select every pod/],
    [
      'targets.0.targetSelector',
      { matchExpressions: [{ key: 'app', operator: 'In' }] },
      `${target}.targetSelector.matchExpressions[0].values`,
      /at least one value/,
    ],
    ['targets.0.mode', 'some', `${target}.mode`, /one of all, one/],
    ['targets.0.value', '50', `${target}.value`, /not used with mode all/],
    ['targets.0.mode', 'fixed', `${target}.value`, /required; with mode fixed/],
    ['targets.0.mode', 'fixed-percent', `${target}.value`, /percentage/],
    ['targets.0', { kind: 'pod' }, `${target}.name`, /required with kind pod/],
    ['targets.0', { kind: 'pod', name: 'p', mode: 'one' }, `${target}.mode`, /not used with kind pod/],
    ['direction', 'out', 'spec.direction', /one of egress, ingress, both/],
    ['peers', [], 'spec.peers', /at least one/],
    ['peers', null, 'spec.peers', /a list of peers/],
    ['peers', [{ kind: 'ip' }], 'spec.peers[0].ip', /required with kind ip/],
    ['peers', [{ kind: 'ip', ip: '10.0.0' }], 'spec.peers[0].ip', /IPv4 or IPv6/],
    ['peers', [{ kind: 'ip', ip: 'fe80::1%eth0' }], 'spec.peers[0].ip', /without a zone/],
    ['peers', [{ kind: 'cidr', cidr: '10.0.0.7/24' }], 'spec.peers[0].cidr', /write 10\.0\.0\.0\/24/],
    ['peers', [{ kind: 'cidr', cidr: '10.0.0.0/33' }], 'spec.peers[0].cidr', /CIDR/],
    ['peers', [{ kind: 'pod', name: 'a', ip: '10.0.0.1' }], 'spec.peers[0].ip', /not used with kind pod/],
    ['peers', [{ kind: 'service', name: 'a', port: '0' }], 'spec.peers[0].port', /1 to 65535/],
    ['peers', [{ kind: 'service', name: 'a', endPort: 9 }], 'spec.peers[0].port', /required with endPort/],
    ['peers', [{ kind: 'service', name: 'a', port: 90, endPort: 80 }], 'spec.peers[0].endPort', /at least port \(90\)/],
    ['ports', [{ endPort: 80 }], 'spec.ports[0].port', /required|port number/],
    ['ports', [{ port: '81', endPort: 80 }], 'spec.ports[0].endPort', /at least port \(81\)/],
    ['ports', [], 'spec.ports', /at least one/],
    ['protocol', 'tpc', 'spec.protocol', /one of tcp, udp, sctp, icmp/],
    ['except', [{ kind: 'ip', ip: '10.0.0.1', port: 80 }], 'spec.except[0].port', /unknown field/],
    ['include', ['arp'], 'spec.include[0]', /one of node, dns, apiserver/],
    ['duration', '0s', 'spec.duration', /from 1s/],
    ['lease', '2s', 'spec.lease', /from 3s to 1h/],
    ['lease', '2h', 'spec.lease', /from 3s to 1h/],
    ['lease', '3500ms', 'spec.lease', /whole seconds/],
  ]);
  it.each([
    ['ports', [{ port: 80 }]],
    ['peers', [{ kind: 'ip', ip: '10.0.0.1', port: 80 }]],
  ])('refuses protocol icmp beside %s that name a port', (field, value) => {
    const errors = errorsOf('NetworkTrafficShaper', { ...shaper, protocol: 'icmp', [field]: value });
    expect(errors).toEqual([expect.stringMatching(/^spec\.protocol: expected another one beside ports/)]);
  });
  it.each([
    ['fixed', '0'],
    ['fixed', '1.5'],
    ['fixed', '50%'],
    ['fixed-percent', '0'],
    ['fixed-percent', '101'],
    ['random-max-percent', '-1'],
  ])('refuses mode %s with value %s', (mode, value) => {
    const target = { ...shaper.targets[0], mode, value };
    expect(errorsOf('NetworkTrafficShaper', { ...shaper, targets: [target] })).toEqual([
      expect.stringMatching(/^spec\.targets\[0\]\.value: with mode/),
    ]);
  });
});

describe('a connectivity test', () => {
  refuses('NetworkConnectivityTest', connectivity, [
    ['layer', '7', 'spec.layer', /"3" .* or "4"/],
    ['layer', '3', 'spec.destinations[0].port', /ICMP has no ports/],
    ['destinations.0.port', undefined, 'spec.destinations[0].port', /required with layer 4/],
    ['destinations.0.port', '65536', 'spec.destinations[0].port', /1 to 65535/],
    ['destinations.0.port', 'http', 'spec.destinations[0].port', /1 to 65535/],
    ['destinations', [], 'spec.destinations', /at least one/],
    ['destinations.1', connectivity.destinations[0], 'spec.destinations[1]', /each destination once/],
    ['source', {}, 'spec.source.name', /required/],
    ['source.sourceSelector', { matchLabels: { app: 'a' } }, 'spec.source.sourceSelector', /either name or/],
    ['source.kind', 'ip', 'spec.source.kind', /one of pod, selector/],
    ['period', '1ms', 'spec.period', /from 10ms/],
    ['timeout', '5', 'spec.timeout', /with a unit/],
    ['count', 0, 'spec.count', /from 1/],
  ]);

  it('refuses a network as a destination: nobody can connect to one', () => {
    const spec = bend(connectivity, 'destinations', [{ kind: 'cidr', cidr: '10.0.0.0/8', port: '80' }]);
    expect(errorsOf('NetworkConnectivityTest', spec)).toEqual([
      expect.stringMatching(/^spec\.destinations\[0\]\.kind: expected one of ip/),
    ]);
  });
});

describe('an experiment', () => {
  const entry = 'spec.hypothesis[0]';
  const abort = (rule: unknown) => bend(experiment, 'abort', [rule]).abort;
  refuses('NetworkExperiment', experiment, [
    ['duration', undefined, 'spec.duration', /required/],
    ['duration', '0s', 'spec.duration', /from 1s/],
    ['duration', '60', 'spec.duration', /with a unit/],
    ['fault', undefined, 'spec.fault', /required/],
    ['fault.duration', '5s', 'spec.fault.duration', /remove this one/],
    ['fault.ref', 'other', 'spec.fault.ref', /remove ref, or targets, configuration/],
    ['fault.targets', undefined, 'spec.fault.targets', /required/],
    ['before', '0s', 'spec.before', /at least 1s/],
    ['after', '500ms', 'spec.after', /at least 1s/],
    ['hypothesis.1', experiment.hypothesis[0], 'spec.hypothesis[1].name', /unique name/],
    ['hypothesis.0.name', 'Has Blanks', `${entry}.name`, /RFC 1123 label/],
    ['hypothesis.0.connectivity', undefined, entry, /exactly one of .*there is none/],
    ['hypothesis.0.connectivity.layer', '5', `${entry}.connectivity.layer`, /"3"/],
    ['hypothesis.0.connectivity.ref', 'x', `${entry}.connectivity.ref`, /either ref or an own spec/],
    ['hypothesis.0.query', { expression: 'up' }, entry, /there are connectivity and query/],
    ['hypothesis.0.phases', [], `${entry}.phases`, /at least one/],
    ['hypothesis.0.phases', ['midway'], `${entry}.phases[0]`, /one of before, during, after/],
    ['hypothesis.0.recoverWithin', '11s', `${entry}.recoverWithin`, /at most the phase after \(10s, the default\)/],
    ['hypothesis.0.tolerance', {}, `${entry}.tolerance`, /at least one limit/],
    ['hypothesis.0.tolerance', { rttp95: '250ms' }, `${entry}.tolerance.rttp95`, /did you mean rttP95\?/],
    ['hypothesis.0.tolerance', { bitrate: '10mbit' }, `${entry}.tolerance.bitrate`, /a metric of a connectivity test/],
    ['hypothesis.0.tolerance', { lossPercent: 101 }, `${entry}.tolerance.lossPercent`, /from 0 to 100/],
    ['hypothesis.0.tolerance', { lossPercent: '-1%' }, `${entry}.tolerance.lossPercent`, /from 0 to 100/],
    ['hypothesis.0.tolerance', { rttP95: 250 }, `${entry}.tolerance.rttP95`, /duration with a unit/],
    [
      'hypothesis.0.tolerance',
      { rttP95: { overBaseline: '250' } },
      `${entry}.tolerance.rttP95.overBaseline`,
      /percentage of the value/,
    ],
    ['hypothesis.0.tolerance', { rttP95: { atMost: '1s', over: 1 } }, `${entry}.tolerance.rttP95.over`, /unknown field/],
    ['hypothesis.0.tolerance', { rttP95: {} }, `${entry}.tolerance.rttP95`, /expected a limit such as/],
    ['hypothesis.0.tolerances', { during: { lossPercent: 200 } }, `${entry}.tolerances.during.lossPercent`, /from 0 to 100/],
    ['abort', abort({ hypothesis: 'reachs', for: '5s' }), 'spec.abort[0].hypothesis', /name of a hypothesis entry: reaches/],
    ['abort', abort({ hypothesis: 'reaches' }), 'spec.abort[0].for', /required/],
    ['abort', abort({}), 'spec.abort[0]', /either \{hypothesis/],
    ['abort', abort({ monitor: { ref: 'm' } }), 'spec.abort[0].monitor.threshold', /required/],
    ['preflight', ['netem-ready'], 'spec.preflight[0]', /an object with ref/],
    ['seed', '', 'spec.seed', /1 to 64/],
  ]);

  it.each([
    [
      'a limit over the baseline without the phase before',
      { phases: ['during'], tolerance: { rttP95: { overBaseline: '1s' } } },
      'tolerance',
    ],
    ['recovery without the phase after', { phases: ['before', 'during'], recoverWithin: '1s' }, 'recoverWithin'],
    [
      'a performance test without tolerance',
      { connectivity: undefined, performance: { ref: 'p' }, tolerance: undefined },
      'tolerance',
    ],
  ])('refuses %s', (_title, change, field) => {
    const changed = { ...experiment.hypothesis[0], ...change };
    const errors = errorsOf('NetworkExperiment', { ...experiment, hypothesis: [changed] });
    expect(errors).toEqual([expect.stringContaining(`spec.hypothesis[0].${field}: `)]);
  });

  it('refuses an abort rule by a hypothesis that is not measured during the fault', () => {
    const hypothesis = [{ ...experiment.hypothesis[0], phases: ['before', 'after'] }];
    const errors = errorsOf('NetworkExperiment', { ...experiment, hypothesis, abort: [{ hypothesis: 'reaches', for: '5s' }] });
    expect(errors).toEqual([expect.stringMatching(/^spec\.abort\[0\]\.hypothesis: .*during/)]);
  });
});

describe('the other kinds', () => {
  refuses('NetworkPerformanceTest', performance, [
    ['type', 'iperf4', 'spec.type', /expected iperf/],
    ['clients', undefined, 'spec.clients', /required/],
    ['servers', undefined, 'spec.servers', /required/],
    ['clients.0.configuration.bandwidth', '1000', 'spec.clients[0].configuration.bandwidth', /rate with a unit/],
    ['clients.0.configuration.protocol', 'sctp', 'spec.clients[0].configuration.protocol', /one of tcp, udp/],
    ['clients.0.configuration', { protocol: 'udp' }, 'spec.clients[0].configuration.bandwidth', /required with protocol udp/],
    ['iterations', 0, 'spec.iterations', /from 1/],
  ]);
  refuses('NetworkDelayTest', goodSpecs.NetworkDelayTest, [
    ['protocol', 'icmp', 'spec.protocol', /one of tcp, udp/],
    ['destinations.0', { kind: 'ip', ip: '10.0.0.1' }, 'spec.destinations[0].kind', /one of pod, node/],
    ['frequency', '10', 'spec.frequency', /with a unit/],
  ]);
  const ewma = { ...monitor.thresholds[0], detector: 'ewma' };
  refuses('NetworkMonitor', monitor, [
    ['flows', [], 'spec.flows', /at least one/],
    ['flows.1', monitor.flows[0], 'spec.flows[1].name', /unique name/],
    ['flows.0.log', 'perhaps', 'spec.flows[0].log', /true or false/],
    ['thresholds.0.flowName', 'udp', 'spec.thresholds[0].flowName', /one of the monitor's flows: tcp/],
    ['thresholds.0.value', -1, 'spec.thresholds[0].value', /from 0/],
    ['monitoringEndpoint', { ip: 'here', port: 1 }, 'spec.monitoringEndpoint.ip', /IPv4 or IPv6/],
    ['monitoringEndpoint', { ip: '::1' }, 'spec.monitoringEndpoint.port', /required/],
    ['eventsConfig', { timeout: '5 s' }, 'spec.eventsConfig.timeout', /with a unit/],
    ['flows.0.keys', 'ipsource;', 'spec.flows[0].keys', /key names joined by commas/],
    ['thresholds.0.detector', 'ewmo', 'spec.thresholds[0].detector', /one of cusum, ewma; did you mean ewma/],
    ['thresholds.0.timesBaseline', 1, 'spec.thresholds[0].timesBaseline', /more than 1 with condition above/],
    [
      'thresholds.0',
      { ...relativeThreshold, timesBaseline: 1 },
      'spec.thresholds[0].timesBaseline',
      /less than 1 with condition below/,
    ],
    ['thresholds.0', { ...ewma, condition: 'below' }, 'spec.thresholds[0].condition', /not used with detector ewma/],
    ['thresholds.0', { ...ewma, timesBaseline: 2 }, 'spec.thresholds[0].timesBaseline', /not used with detector ewma/],
  ]);
  const ofSflowRt = { ...monitor, monitoringEndpoint: { ip: '10.0.0.10', port: 8008 } };
  refuses('NetworkMonitor', ofSflowRt, [
    ['thresholds.0.detector', 'cusum', 'spec.thresholds[0].detector', /with a monitoringEndpoint, where sFlow-RT decides/],
    ['thresholds.0.condition', 'below', 'spec.thresholds[0].condition', /with a monitoringEndpoint/],
    ['thresholds.0.timesBaseline', 2, 'spec.thresholds[0].timesBaseline', /with a monitoringEndpoint/],
    ['thresholds.0.exemptTargets', true, 'spec.thresholds[0].exemptTargets', /with a monitoringEndpoint/],
  ]);
  refuses('NetworkNotification', goodSpecs.NetworkNotification, [
    ['networkEvent.event.timestamp', 'yesterday', 'spec.networkEvent.event.timestamp', /an instant such as/],
    ['networkEvent.event.eventID', 'one', 'spec.networkEvent.event.eventID', /a whole number/],
    ['expiresAt', 'tomorrow', 'spec.expiresAt', /an instant such as/],
    ['monitor', 'Traffic!', 'spec.monitor', /lower-case letters/],
    ['run', { name: 'run' }, 'spec.run.uid', /required/],
  ]);
  refuses('NetworkModulesValidator', goodSpecs.NetworkModulesValidator, [
    ['nodes', 'some', 'spec.nodes', /expected all/],
    ['modules', ['a b'], 'spec.modules[0]', /letters/],
    ['sysctls', { 'net.ipv4.ip_forward': true }, 'spec.sysctls["net.ipv4.ip_forward"]', /such as "1"/],
    ['sysctlRules', [{ name: 'net.core.somaxconn' }], 'spec.sysctlRules[0]', /one of equals, oneOf/],
    ['sysctlRules', [{ name: 'net.core.somaxconn', equals: 1, atMost: 2 }], 'spec.sysctlRules[0]', /one of equals, oneOf/],
    ['sysctlRules', [{ name: 'net.core.somaxconn', atLeast: 2, atMost: 1 }], 'spec.sysctlRules[0].atMost', /no less than/],
    ['sysctlRules', [{ name: 'kernel.panic', exists: true, scope: 'pod' }], 'spec.sysctlRules[0].scope', /begin with net/],
    ['sysctlRules', [{ name: '../../etc/passwd', exists: true }], 'spec.sysctlRules[0].name', /the name of a sysctl/],
    ['features', ['netam'], 'spec.features[0]', /did you mean netem/],
    ['tools', ['../tc'], 'spec.tools[0]', /a program's name/],
    ['kernel', {}, 'spec.kernel', /atLeast, atMost or both/],
    ['kernel', { atLeast: '5.10-rc1' }, 'spec.kernel.atLeast', /a version of Linux/],
    ['nodeNames', [], 'spec.nodeNames', /at least one/],
    ['period', '5s', 'spec.period', /from 10s to 24h/],
    ['enforce', 'yes', 'spec.enforce', /true or false/],
  ]);
  refuses('NetworkModulesValidator', { modules: ['sch_netem'], nodes: 'all' }, [
    ['nodeNames', ['a'], 'spec.nodeNames', /only one of nodes, nodeNames/],
    ['nodeSelector', { matchLabels: { a: 'b' } }, 'spec.nodeSelector', /only one of nodes, nodeNames/],
    ['enforce', true, 'spec.enforce', /nothing to set/],
  ]);
  refuses('NetworkModulesValidator', { sysctls: { 'net.ipv4.ip_forward': 1 }, enforce: true }, [
    [
      'sysctls',
      { 'net.ipv4.ip_forward': 1, 'kernel.modules_disabled': 1 },
      'spec.enforce',
      /begin with net\..*at kernel\.modules_disabled/,
    ],
    ['sysctlRules', [{ name: 'kernel/shmmax', equals: 1 }], 'spec.enforce', /begin with net\..*at kernel\/shmmax/],
  ]);
  it('lets a NetworkModulesValidator that enforces look at sysctls that it does not set', () => {
    const sysctlRules = [
      { name: 'kernel.shmmax', atLeast: 1 },
      { name: 'net/core/somaxconn', equals: 1 },
    ];
    expect(errorsOf('NetworkModulesValidator', { enforce: true, sysctlRules })).toEqual([]);
  });
  it('refuses a NetworkModulesValidator that checks nothing', () => {
    expect(errorsOf('NetworkModulesValidator', { nodes: 'all' })).toEqual([expect.stringMatching(/^spec: checks nothing/)]);
  });
  refuses('NetworkHalt', goodSpecs.NetworkHalt, [
    ['reason', undefined, 'spec.reason', /required; expected why everything is halted/],
    ['reason', ' ', 'spec.reason', /why everything is halted/],
    ['by', undefined, 'spec.by', /required; expected who halts/],
    ['by', 'a'.repeat(254), 'spec.by', /at most 253 characters/],
  ]);
  refuses('NetworkExperimentSchedule', goodSpecs.NetworkExperimentSchedule, [
    ['schedule', '* * * *', 'spec.schedule', /5 or 6 cron fields/],
    ['schedule', '* * * * * * *', 'spec.schedule', /5 or 6 cron fields/],
    ['schedule', 'TZ=UTC * * * * *', 'spec.schedule', /5 or 6 cron fields/],
    ['schedule', '@sometimes', 'spec.schedule', /@daily/],
    ['timeZone', 'Mars/Olympus', 'spec.timeZone', /IANA/],
    ['timeZone', '+02:00', 'spec.timeZone', /IANA/],
    ['concurrencyPolicy', 'forbid', 'spec.concurrencyPolicy', /did you mean Forbid\?/],
    ['startingDeadlineSeconds', 0, 'spec.startingDeadlineSeconds', /from 1/],
    ['experimentTemplate.spec.duration', '1', 'spec.experimentTemplate.spec.duration', /with a unit/],
    ['experimentTemplate.spec.fault', undefined, 'spec.experimentTemplate.spec.fault', /required/],
  ]);
  refuses('NetworkGameDay', goodSpecs.NetworkGameDay, [
    ['steps', [], 'spec.steps', /at least one/],
    ['steps.1.name', 'slow', 'spec.steps[1].name', /unique name/],
    ['steps.0.pause', '30', 'spec.steps[0].pause', /with a unit/],
    ['steps.0.experiment.ref', 'x', 'spec.steps[0].experiment.ref', /either ref or an own spec/],
    ['steps.0.experiment.fault', undefined, 'spec.steps[0].experiment.fault', /required/],
  ]);
});
