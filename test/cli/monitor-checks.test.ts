import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ManifestResult, readManifests } from '../../src/api/index.ts';
import { withFurtherChecks } from '../../src/cli/read-manifests.ts';
import { bend, manifestText, monitor } from '../api/samples.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const check = (spec: Record<string, unknown>): ManifestResult =>
  withFurtherChecks(readManifests([{ name: 'a.yaml', text: manifestText('NetworkMonitor', spec) }]), now);

const manyFlows = {
  flows: [
    { name: 'good', keys: 'mask:ipsource:24,null:[or:tcpsourceport:udpsourceport]:0', value: 'bytes', filter: 'ipprotocol=6' },
    { name: 'worse', keys: 'ipsource,country:ipsource', value: 'rate:bytes', filter: 'ipprotocol=6&' },
  ],
};

describe('the checks of monitors', () => {
  it.each([
    ['spec.flows[0].keys', 'flows.0.keys', 'ipsource,nonsense', /^flow key 'nonsense': expected one of /],
    ['spec.flows[0].keys', 'flows.0.keys', 'group:ipsource:sites', /needs address groups/],
    ['spec.flows[0].value', 'flows.0.value', 'tcpflags', /^value 'tcpflags': expected frames, bytes/],
    ['spec.flows[0].filter', 'flows.0.filter', 'ipprotocol', /^filter 'ipprotocol': expected one of '='/],
    ['spec.flows[0].filter', 'flows.0.filter', 'sourcegroup=external', /^flow key 'sourcegroup': expected one of /],
    ['spec.thresholds[0].metric', 'thresholds.0.metric', 'ifinoctets', /^expected 'tcp', the threshold's flow/],
    ['spec.thresholds[0].value', 'thresholds.0.value', 0, /^expected more than 0/],
  ])('refuse at %s what the collector does not understand: %s = %s', (path, place, value, message) => {
    const { manifests, documents, errors } = check(bend(monitor, place, value));
    expect(errors).toEqual([
      expect.objectContaining({
        file: 'a.yaml',
        path,
        value: JSON.stringify(value),
        code: 'InvalidInput',
        message: expect.stringMatching(message) as string,
      }),
    ]);
    expect(documents).toMatchObject([{ valid: false }]);
    expect(manifests).toEqual([]);
  });

  it('tell every error of every flow at once, each at its own place', () => {
    expect(check(manyFlows).errors.map(({ path }) => path)).toEqual([
      'spec.flows[1].keys',
      'spec.flows[1].value',
      'spec.flows[1].filter',
    ]);
  });

  it.each([
    ['a flow and a threshold that the collector can judge', monitor],
    ['a threshold of 0 with the detector ewma', bend(bend(monitor, 'thresholds.0.value', 0), 'thresholds.0.detector', 'ewma')],
    [
      'a floor of 0 under a multiple of the baseline',
      bend(bend(monitor, 'thresholds.0.value', 0), 'thresholds.0.timesBaseline', 3),
    ],
    ['whatever an sFlow-RT may understand', { ...manyFlows, monitoringEndpoint: { ip: '192.0.2.1', port: '8008' } }],
  ])('take %s', (_what, spec) => {
    expect(check(spec).errors).toEqual([]);
  });

  it("take the talk's manifests unchanged", () => {
    const folder = join(import.meta.dirname, '../fixtures/talk');
    const monitors = readdirSync(folder).filter((name) => name.includes('network-monitor'));
    expect(monitors.length).toBeGreaterThan(0);
    for (const name of monitors) {
      const text = readFileSync(join(folder, name), 'utf8');
      expect(withFurtherChecks(readManifests([{ name, text }]), now).errors, name).toEqual([]);
    }
  });
});
