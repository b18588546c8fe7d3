import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { defaultTolerance, readSpec, type Tolerance } from '../../../src/api/index.ts';
import { formatDuration } from '../../../src/lib/index.ts';
import { bend, connectivity, experiment, goodSpecs, monitor, performance, relativeThreshold, shaper } from '../samples.ts';

describe('the model of a shaper', () => {
  it.each([
    [
      { type: 'delay', value: '1m30s' },
      { type: 'delay', delayMs: 90_000, jitterMs: 0, distribution: 'uniform' },
    ],
    [
      { type: 'delay', value: '50ms', jitter: '5ms', distribution: 'normal' },
      { type: 'delay', delayMs: 50, jitterMs: 5, distribution: 'normal' },
    ],
    [
      { type: 'loss', value: '0.5%' },
      { type: 'loss', percent: 0.5, burst: 1 },
    ],
    [
      { type: 'loss', value: '90%', burst: 9 },
      { type: 'loss', percent: 90, burst: 9 },
    ],
    [
      { type: 'loss', value: '100%' },
      { type: 'loss', percent: 100, burst: 1 },
    ],
    [
      { type: 'corrupt', value: '5%' },
      { type: 'corrupt', percent: 5 },
    ],
    [
      { type: 'reorder', value: '25%', delay: '20ms', gap: 5 },
      { type: 'reorder', percent: 25, gap: 5, delayMs: 20 },
    ],
    [
      { type: 'rate', value: '1.5mbit' },
      { type: 'rate', bitsPerSecond: 1_500_000, latencyMs: 50 },
    ],
    [
      { type: 'slot', value: '10ms', max: '20ms' },
      { type: 'slot', minMs: 10, maxMs: 20 },
    ],
    [{ type: 'partition' }, { type: 'partition' }],
  ])('has the fault of %j in base units', (configuration, fault) => {
    expect(readSpec('NetworkTrafficShaper', { ...shaper, configuration }).parts[0]?.fault).toEqual(fault);
  });

  it.each([
    [{}, { mode: 'all' }],
    [{ mode: 'one' }, { mode: 'one' }],
    [
      { mode: 'fixed', value: '2' },
      { mode: 'fixed', count: 2 },
    ],
    [
      { mode: 'fixed', value: 2 },
      { mode: 'fixed', count: 2 },
    ],
    [
      { mode: 'fixed-percent', value: '50' },
      { mode: 'fixed-percent', percent: 50 },
    ],
    [
      { mode: 'random-max-percent', value: '33.3%' },
      { mode: 'random-max-percent', percent: 33.3 },
    ],
  ])('has the mode of %j', (fields, mode) => {
    const model = readSpec('NetworkTrafficShaper', { ...shaper, targets: [{ ...shaper.targets[0], ...fields }] });
    expect(model.parts[0]?.targets[0]).toMatchObject({ mode });
  });

  it('fills in device, direction, lease and the namespaces that are not written', () => {
    const spec = { targets: [{ kind: 'pod', name: 'p' }], configuration: { type: 'loss', value: '1%' } };
    const peers = [
      { kind: 'service', name: 's' },
      { kind: 'cidr', cidr: 'fd00::/64', port: 53 },
    ];
    expect(readSpec('NetworkTrafficShaper', { ...spec, peers }, 'shop')).toEqual({
      parts: [
        {
          targets: [{ kind: 'pod', namespace: 'shop', name: 'p' }],
          device: 'eth0',
          direction: 'egress',
          fault: { type: 'loss', percent: 1, burst: 1 },
          steps: [],
          peers: [
            { kind: 'service', namespace: 'shop', name: 's' },
            { kind: 'cidr', cidr: 'fd00::/64', ports: { first: 53, last: 53 } },
          ],
          protocol: undefined,
          ports: [],
          except: [],
          include: [],
        },
      ],
      durationMs: undefined,
      leaseSeconds: 30,
    });
  });

  it('reads ports as a NetworkPolicy writes them, and what narrows a fault or widens it', () => {
    const spec = {
      targets: [{ kind: 'pod', name: 'p' }],
      configuration: { type: 'loss', value: '1%' },
      peers: [{ kind: 'ip', ip: '10.0.0.1', port: '8000', endPort: 8100 }],
      ports: [{ port: 80 }, { port: '9000', endPort: 9001 }],
      protocol: 'udp',
      except: [{ kind: 'pod', name: 'q' }],
      include: ['dns', 'node'],
    };
    expect(readSpec('NetworkTrafficShaper', spec, 'shop').parts[0]).toMatchObject({
      peers: [{ kind: 'ip', ip: '10.0.0.1', ports: { first: 8000, last: 8100 } }],
      ports: [
        { first: 80, last: 80 },
        { first: 9000, last: 9001 },
      ],
      protocol: 'udp',
      except: [{ kind: 'pod', namespace: 'shop', name: 'q' }],
      include: ['dns', 'node'],
    });
  });

  it('has one part for all targets with the same configuration', () => {
    const [slow, lossy] = [
      { type: 'delay', value: '1s' },
      { type: 'loss', value: '1%' },
    ];
    const pod = (name: string, configuration: unknown) => ({ kind: 'pod', name, configuration });
    const model = readSpec('NetworkTrafficShaper', { targets: [pod('a', slow), pod('b', lossy), pod('c', slow)] });
    const names = model.parts.map(({ targets }) => targets.map((target) => target.kind === 'pod' && target.name));
    expect(names).toEqual([['a', 'c'], ['b']]);
  });

  it('resolves each step against the configuration, not against the step before', () => {
    const configuration = {
      type: 'delay',
      value: '100ms',
      jitter: '10ms',
      steps: [
        { at: '10s', value: '300ms' },
        { at: '1m', jitter: '20ms', distribution: 'normal' },
        { at: '61s', value: '10ms' },
      ],
      pulse: { active: '5s', idle: '1500ms' },
    };
    expect(readSpec('NetworkTrafficShaper', { ...shaper, configuration }).parts[0]).toMatchObject({
      fault: { type: 'delay', delayMs: 100, jitterMs: 10, distribution: 'uniform' },
      steps: [
        { atMs: 10_000, fault: { type: 'delay', delayMs: 300, jitterMs: 10, distribution: 'uniform' } },
        { atMs: 60_000, fault: { type: 'delay', delayMs: 100, jitterMs: 20, distribution: 'normal' } },
        { atMs: 61_000, fault: { type: 'delay', delayMs: 10, jitterMs: 10, distribution: 'uniform' } },
      ],
      pulse: { activeMs: 5000, idleMs: 1500 },
    });
    const partition = { type: 'partition', pulse: { active: '1s', idle: '1s' } };
    expect(readSpec('NetworkTrafficShaper', { ...shaper, configuration: partition }).parts[0]).toMatchObject({
      steps: [],
      pulse: { activeMs: 1000, idleMs: 1000 },
    });
  });

  it('keeps every delay that tc takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 274_877_906 }), (microseconds) => {
        const value = formatDuration(microseconds / 1000);
        const { parts } = readSpec('NetworkTrafficShaper', { ...shaper, configuration: { type: 'delay', value } });
        expect(parts[0]?.fault).toMatchObject({ delayMs: expect.closeTo(microseconds / 1000, 6) as number });
      }),
    );
  });
});

describe('the model of a test', () => {
  it('has the defaults of a connectivity test', () => {
    expect(readSpec('NetworkConnectivityTest', connectivity)).toEqual({
      layer: 4,
      source: { namespace: 'shop', name: 'checkout', selector: undefined },
      destinations: [{ kind: 'service', namespace: 'shop', name: 'payments', port: 8080 }],
      periodMs: 200,
      timeoutMs: 1000,
      frequencyMs: undefined,
      count: 10,
    });
  });

  it('has bandwidths in bits per second', () => {
    const { clients, port, durationMs } = readSpec('NetworkPerformanceTest', performance);
    expect({ bandwidth: clients[0]?.bitsPerSecond, port, durationMs }).toEqual({
      bandwidth: 10e6,
      port: 5201,
      durationMs: 10_000,
    });
  });
});

describe('the model of an experiment', () => {
  const toleranceOf = (tolerance: unknown): Tolerance | undefined =>
    readSpec('NetworkExperiment', bend(experiment, 'hypothesis.0.tolerance', tolerance)).hypothesis[0]?.tolerances.during;

  it.each([
    [undefined, defaultTolerance],
    [{ lossPercent: 1 }, { lossPercent: { atMost: 1 } }],
    [{ lossPercent: '0.5%' }, { lossPercent: { atMost: 0.5 } }],
    [{ lossPercent: { overBaseline: '5%' } }, { lossPercent: { overBaseline: 5 } }],
    [{ rttP95: '250ms' }, { rttP95: { atMost: 250 } }],
    [{ rttP95: { atMost: '1s', overBaseline: '250ms' } }, { rttP95: { atMost: 1000, overBaseline: 250 } }],
    [{ jitter: { overBaseline: '20%' } }, { jitter: { overBaselinePercent: 20 } }],
  ])('reads the tolerance %j', (written, read) => {
    expect(toleranceOf(written)).toEqual(read);
  });

  it('reads the limits of a performance test as changes of what was before', () => {
    const hypothesis = [
      { name: 'fast', performance: { ref: 'p' }, phases: ['before', 'after'], tolerance: { bitrate: { overBaseline: '-20%' } } },
    ];
    const [entry] = readSpec('NetworkExperiment', { ...experiment, hypothesis }).hypothesis;
    expect(entry).toMatchObject({ test: { kind: 'performance', ref: 'p' }, phases: ['before', 'after'] });
    expect(entry?.tolerances.after).toEqual({ bitrate: { overBaselinePercent: -20 } });
  });

  it('takes the tolerance of a phase in place of the general one', () => {
    const spec = bend(experiment, 'hypothesis.0.tolerances', { during: { lossPercent: 50 } });
    const tolerances = readSpec('NetworkExperiment', spec).hypothesis[0]?.tolerances;
    const one = { lossPercent: { atMost: 1 } };
    expect(tolerances).toEqual({ before: one, during: { lossPercent: { atMost: 50 } }, after: one });
  });

  it('has the defaults, the reference and the abort rules', () => {
    const spec = {
      duration: '1m',
      fault: { ref: 'slow' },
      hypothesis: [{ name: 'a', connectivity: { ref: 'test' } }],
      abort: [{ hypothesis: 'a', for: '5s' }, { monitor: { ref: 'm', threshold: 't' } }],
      blastRadius: { maxTargets: 3, maxPercentOfWorkload: 50, minAge: '2m' },
      seed: 42,
    };
    expect(readSpec('NetworkExperiment', spec)).toMatchObject({
      durationMs: 60_000,
      fault: { ref: 'slow' },
      beforeMs: 10_000,
      afterMs: 10_000,
      hypothesis: [{ test: { kind: 'connectivity', ref: 'test' }, phases: ['before', 'during', 'after'] }],
      preflight: [],
      abort: [
        { kind: 'hypothesis', hypothesis: 'a', forMs: 5000 },
        { kind: 'monitor', monitor: { ref: 'm', threshold: 't' } },
      ],
      blastRadius: { maxTargets: 3, maxPercentOfWorkload: 50, minAgeMs: 120_000 },
      seed: '42',
    });
  });
});

describe('the model of a monitor', () => {
  const thresholdOf = (spec: Record<string, unknown>) => readSpec('NetworkMonitor', spec).thresholds[0];

  it('decides by the counts of samples, above, of every packet, where nothing else is written', () => {
    expect(thresholdOf(monitor)).toEqual({
      ...{ name: 'ddos', metric: 'tcp', value: 100, flowName: 'tcp', byFlow: false },
      ...{ detector: 'cusum', condition: 'above', exemptTargets: false },
    });
  });

  it('leaves the decision to an sFlow-RT where there is one', () => {
    expect(thresholdOf({ ...monitor, monitoringEndpoint: { ip: '10.0.0.10', port: '8008' } })).toMatchObject({
      detector: 'ewma',
    });
  });

  it('has what is relative to the baseline as it is written', () => {
    const written = { ...monitor, thresholds: [{ ...relativeThreshold, exemptTargets: true }] };
    expect(thresholdOf(written)).toMatchObject({ condition: 'below', timesBaseline: 0.5, value: 100, exemptTargets: true });
  });

  it.each(['null:[or:tcpsourceport:udpsourceport]:-1', 'prefix:stack:.:2,mask:ipsource:24'])('takes the keys %s', (keys) => {
    const spec = { ...monitor, flows: [{ name: 'tcp', keys, value: 'bytes' }] };
    expect(readSpec('NetworkMonitor', spec).flows[0]?.keys.join(',')).toBe(keys);
  });
});

describe('the model of a notification', () => {
  it('says of which monitor and run it is, and when it goes', () => {
    const event = { eventID: 1, threshold: 20, value: 21.5, flowKey: '10.0.0.1,10.0.0.2' };
    const run = { uid: 'uid-1', name: 'run' };
    const spec = { networkEvent: { event }, monitor: 'm', run, message: 'why', expiresAt: '2026-06-02T10:00:00Z' };
    expect(readSpec('NetworkNotification', spec)).toMatchObject({
      ...{ monitor: 'm', run, message: 'why', expiresAt: Date.parse('2026-06-02T10:00:00Z') },
      event: { flowKey: '10.0.0.1,10.0.0.2' },
    });
  });

  it('stays for ever and is of nobody where nothing says so', () => {
    const model = readSpec('NetworkNotification', goodSpecs.NetworkNotification);
    expect(model).toMatchObject({ message: '' });
    expect([model.monitor, model.run, model.expiresAt, model.event.flowKey]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('the models of planning', () => {
  it('has the template of a schedule both as written and as a model', () => {
    const model = readSpec('NetworkExperimentSchedule', goodSpecs.NetworkExperimentSchedule, 'shop');
    expect(model).toMatchObject({ timeZone: 'Europe/Berlin', concurrencyPolicy: 'Forbid', suspend: false, successfulHistory: 3 });
    expect(model.template).toMatchObject({ spec: experiment, experiment: { durationMs: 20_000 } });
  });

  it('has the steps of a game day in their order', () => {
    const { steps, onFailure } = readSpec('NetworkGameDay', goodSpecs.NetworkGameDay);
    expect(onFailure).toBe('stop');
    expect(steps).toMatchObject([
      { name: 'slow', experiment: { experiment: { durationMs: 20_000 } }, afterMs: 0, pauseMs: 30_000 },
      { name: 'stored', experiment: { ref: 'other' } },
    ]);
  });
});
