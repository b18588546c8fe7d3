/** Samples for traffic ledgers: packets between a target, its peer and two others. */
import fc from 'fast-check';
import type { TrafficSample } from '../../../src/observers/index.ts';

export const target = '10.80.0.5';
const [peer, third] = ['10.80.0.7', '10.80.0.9'];

export function sample(more: Partial<TrafficSample> = {}): TrafficSample {
  const addresses = { ipSource: target, ipDestination: peer, ipProtocol: 6, sourcePort: 40_000, destinationPort: 8080 };
  return {
    source: 'switch 2:1001',
    samplingRate: 64,
    frameLength: 1518,
    tcpFlags: 16,
    payloadBytes: 1448,
    ...addresses,
    ...more,
  };
}

export const ofOthers = (more: Partial<TrafficSample> = {}): TrafficSample =>
  sample({ ipSource: third, ipDestination: peer, ...more });

const address = fc.constantFrom(target, peer, third, 'fd00:80::5', 'fd00:80::7');

/** Sampling rates that differ, as when a switch changes its own. */
export const anySample: fc.Arbitrary<TrafficSample> = fc.record(
  {
    source: fc.constantFrom('one 0:1', 'one 0:2', 'two 0:1'),
    samplingRate: fc.constantFrom(1, 64, 400),
    frameLength: fc.integer({ min: 64, max: 9018 }),
    payloadBytes: fc.integer({ min: 0, max: 8948 }),
    ipSource: address,
    ipDestination: address,
    ipProtocol: fc.constantFrom(1, 6, 17, 58, 253),
    sourcePort: fc.integer({ min: 0, max: 65_535 }),
    destinationPort: fc.integer({ min: 0, max: 65_535 }),
    tcpFlags: fc.integer({ min: 0, max: 255 }),
  },
  { requiredKeys: ['source', 'samplingRate', 'frameLength', 'payloadBytes'] },
);
