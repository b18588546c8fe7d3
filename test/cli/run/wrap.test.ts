import { describe, expect, it } from 'vitest';
import { readManifests, readSpec } from '../../../src/api/index.ts';
import { monitorsWanted, refuseMonitorsAlone, toExperiments, validatorsOf } from '../../../src/cli/run/wrap.ts';

const shaper = (duration: string) => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkTrafficShaper
metadata: { name: slow, namespace: test }
spec:
  ${duration}
  targets: [{ kind: pod, namespace: test, name: server }]
  configuration: { type: delay, device: eth0, value: 50ms }
`;
const test = `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkConnectivityTest
metadata: { name: reaches, namespace: test }
spec:
  layer: '3'
  source: { namespace: test, name: client }
  destinations: [{ kind: pod, namespace: test, name: server }]
`;
const experiment = `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkExperiment
metadata: { name: whole, namespace: test }
spec:
  duration: 10s
  fault: { ref: slow }
  hypothesis: [{ name: reaches, connectivity: { ref: reaches } }]
`;

const monitor = (name: string) => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkMonitor
metadata: { name: ${name}, namespace: test }
spec: { flows: [{ name: tcp, keys: ipsource, value: frames }], thresholds: [{ name: storm, value: 100, flowName: tcp }] }
`;

function wrapped(texts: string[], duration?: string) {
  const { manifests, errors } = readManifests([{ name: 'input.yaml', text: texts.join('---') }]);
  expect(errors).toEqual([]);
  return toExperiments(manifests, duration).map(({ kind, metadata, spec }) => ({
    kind,
    name: metadata.name,
    model: readSpec('NetworkExperiment', spec, metadata.namespace),
  }));
}

describe('toExperiments', () => {
  it.each([
    ['its own duration', 'duration: 7s', undefined, 7000],
    ['its own duration before the one given', 'duration: 7s', '3s', 7000],
    ['the duration given', '', '3s', 3000],
  ])('runs a bare shaper for %s, without a hypothesis', (_what, own, given, durationMs) => {
    const [run] = wrapped([shaper(own)], given);
    expect(run).toMatchObject({
      kind: 'NetworkExperiment',
      name: 'slow',
      model: { durationMs, beforeMs: 0, afterMs: 0, hypothesis: [] },
    });
  });

  it('refuses a bare shaper that nobody gave a duration', () => {
    expect(() => wrapped([shaper('')])).toThrow(/spec\.duration: required.*--for/);
  });

  it('runs a bare test once, as long as its probes take, without a fault', () => {
    const [run] = wrapped([test]);
    expect(run?.model).toMatchObject({ durationMs: 3000, hypothesis: [{ name: 'connectivity', phases: ['during'] }] });
    expect(run?.model.fault).toBeUndefined();
  });

  it('checks validators by themselves, but not those that are gates of an experiment', () => {
    const validator = (name: string) => `
apiVersion: networkmachinery.io/v1alpha1
kind: NetworkModulesValidator
metadata: { name: ${name} }
spec: { qdiscs: [netem] }
`;
    const gated = `${experiment}  preflight: [{ ref: gate }]\n`;
    const text = [shaper(''), test, gated, validator('gate'), validator('alone')].join('---');
    const { manifests, errors } = readManifests([{ name: 'input.yaml', text }]);
    expect(errors).toEqual([]);
    expect(validatorsOf(manifests).map(({ object }) => object.metadata.name)).toEqual(['alone']);
    expect(toExperiments(manifests, undefined).map(({ metadata }) => metadata.name)).toEqual(['whole']);
  });

  it('runs nothing by itself that an experiment of the same input refers to', () => {
    expect(wrapped([shaper(''), test, experiment]).map(({ name }) => name)).toEqual(['whole']);
  });

  it('runs no monitor by itself, however it is ordered among experiments', () => {
    expect(wrapped([monitor('traffic'), shaper(''), experiment, monitor('more'), test]).map(({ name }) => name)).toEqual([
      'whole',
    ]);
  });
});

describe('monitorsWanted', () => {
  it('names the monitors of the input, and those that its experiments may be aborted by, in their own namespace', () => {
    const armed = `${experiment}  abort: [{ monitor: { ref: kept, threshold: storm } }, { hypothesis: reaches, for: 5s }]\n`;
    const { manifests, errors } = readManifests([
      { name: 'input.yaml', text: [monitor('traffic'), shaper(''), armed].join('---') },
    ]);
    expect(errors).toEqual([]);
    expect([...monitorsWanted(manifests)]).toEqual(['test/traffic', 'test/kept']);
  });
});

describe('refuseMonitorsAlone', () => {
  const given = (...texts: string[]) => readManifests([{ name: 'input.yaml', text: texts.join('---') }]).manifests;

  it('says of monitors alone what they are watched for', () => {
    expect(() => {
      refuseMonitorsAlone(given(monitor('traffic'), monitor('more')));
    }).toThrow(/^input\.yaml: kind: a NetworkMonitor is watched while something is run; .*ref: traffic.*squall serve/);
  });

  it.each([
    ['nothing', []],
    ['an experiment', [monitor('traffic'), experiment]],
    ['a test', [test, monitor('traffic')]],
  ])('takes %s', (_what, texts) => {
    expect(() => {
      refuseMonitorsAlone(given(...texts));
    }).not.toThrow();
  });
});
