import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { validateObject } from '../../src/api/index.ts';
import { parseTopology } from '../../src/lab/index.ts';
import { detectionPower, smoothingMsOf } from '../../src/observers/index.ts';
import { experimentOf, samplingRate, threshold, topologyOf } from '../../scripts/campaigns/abort-latency/manifests.ts';
import { partsOf, spreadOf } from '../../scripts/campaigns/abort-latency/parts.ts';
import { datagramBytes, readSentAt, writeSentAt } from '../../scripts/campaigns/abort-latency/sent-at.ts';

describe('the parts of an abort', () => {
  const times = { stepAt: 1000, crossedAt: 1400, decidedAt: 1450, firstCleanAt: 1500, lastCleanAt: 1530 };

  it('are counted from the step, those of the clean-up from the decision', () => {
    expect(partsOf({ ...times, heard: [] })).toEqual({
      toCrossing: 400,
      toDecision: 50,
      toFirstClean: 50,
      toLastClean: 80,
      whole: 530,
      firstHeard: undefined,
      held: [],
    });
  });

  it("have the exporter's delay of packets of the step only", () => {
    const heard = [
      { at: 1010, sentAt: [900, 990] },
      { at: 1100, sentAt: [995, 1020, 1090] },
      { at: 1200, sentAt: [1110] },
    ];
    expect(partsOf({ ...times, heard })).toMatchObject({ firstHeard: 100, held: [80, 10, 90] });
  });

  it('are summed up by nearest rank', () => {
    expect(spreadOf(Array.from({ length: 20 }, (_, index) => 20 - index))).toEqual({ count: 20, p50: 10, p95: 19, most: 20 });
  });
});

describe('the instant in a packet', () => {
  it('is read back from every sample of a datagram, and not from one that was cut off in it', () => {
    const packet = (at: number) => {
      const bytes = Buffer.alloc(datagramBytes);
      writeSentAt(bytes, at);
      return bytes;
    };
    const cut = packet(3).subarray(0, 20);
    expect(readSentAt(Buffer.concat([Buffer.alloc(42), packet(1_800_000_000_001), Buffer.alloc(60), packet(2), cut]))).toEqual([
      1_800_000_000_001, 2,
    ]);
    expect(readSentAt(Buffer.from('nothing of ours'))).toEqual([]);
  });
});

describe('the manifests of the campaign', () => {
  it('are a lab and a monitored experiment that Squall takes', () => {
    const topology = parseTopology(topologyOf({ root: '/', program: 'sender.ts', tapPort: 7000 }), 'lab.yaml', '/');
    expect(topology.switch).toMatchObject({ sampling: samplingRate, collectors: [{ port: 6343 }, { port: 7000 }] });
    expect(topology.warnings).toEqual([]);
    const manifests = parseAllDocuments(experimentOf('a')).map(
      (document) => document.toJS() as { apiVersion: string; kind: string },
    );
    expect(manifests.map(({ kind }) => kind)).toEqual(['NetworkMonitor', 'NetworkExperiment']);
    expect(manifests.flatMap(validateObject)).toEqual([]);
  });

  it('have a threshold that can be decided at their sampling rate', () => {
    const power = detectionPower({ threshold, smoothingMs: smoothingMsOf(undefined), samplingRate, packetValue: 1 });
    expect(power.judgement).not.toBe('refused');
  });
});
