/** Specs of shapers as people might write them. */
import fc from 'fast-check';
import { optional, record, name, milliseconds, duration, percent, rate, selector, endpoint, port } from './arbitrary-places.ts';

const momentary = fc.oneof(
  record({ type: fc.constant('delay'), value: duration(1, 200), jitter: milliseconds(0, 900), device: fc.constant('eth0') }, [
    'type',
    'value',
  ]),
  fc.record({
    type: fc.constant('delay'),
    value: milliseconds(500, 600),
    jitter: milliseconds(1, 600),
    distribution: fc.constantFrom('normal', 'uniform'),
  }),
  record(
    { type: fc.constant('loss'), value: percent, burst: fc.oneof(fc.constant(1), fc.double({ min: 1, max: 300, noNaN: true })) },
    ['type', 'value'],
  ),
  fc.record({ type: fc.constantFrom('duplicate', 'corrupt'), value: percent }),
  record({ type: fc.constant('reorder'), value: percent, delay: milliseconds(1, 1000), gap: fc.integer({ min: 1, max: 9 }) }, [
    'type',
    'value',
    'delay',
  ]),
  record({ type: fc.constant('rate'), value: rate, latency: milliseconds(1, 1000) }, ['type', 'value']),
  fc.record({ type: fc.constant('slot'), value: milliseconds(1, 50), max: milliseconds(50, 90) }),
  fc.constant({ type: 'partition' }),
);

const time = fc.integer({ min: 1000, max: 9000 }).map((ms) => `${String(ms)}ms`);
/** Fields as they may be in steps of any type: most do not fit the configuration, and both checks must say so. */
const stepFields = {
  delay: { value: duration(1, 200), jitter: milliseconds(0, 200), distribution: fc.constantFrom('normal', 'uniform') },
  loss: { value: percent, burst: fc.constantFrom(1, 2, 300) },
  duplicate: { value: percent },
  corrupt: { value: percent },
  reorder: { value: percent, delay: milliseconds(1, 1000), gap: fc.integer({ min: 1, max: 9 }) },
  rate: { value: rate, latency: milliseconds(1, 1000) },
  slot: { value: milliseconds(1, 60), max: milliseconds(40, 90) },
  partition: { value: percent },
};
const stepsOf = (type: keyof typeof stepFields) =>
  fc
    .array(fc.tuple(fc.integer({ min: 900, max: 5000 }), record(stepFields[type], ['value'])), { minLength: 1, maxLength: 4 })
    .map((steps) => {
      let at = 0;
      return steps.map(([gap, fields]) => ({ at: `${String((at += gap))}ms`, ...fields }));
    });
const configuration = momentary.chain((one) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(one) },
    stepsOf((one as { type: keyof typeof stepFields }).type).map((steps) => ({ ...one, steps })),
    fc.record({ active: time, idle: time }).map((pulse) => ({ ...one, pulse })),
  ),
);

const mode = fc.oneof(
  fc.constant({}),
  fc.record({ mode: fc.constantFrom('all', 'one') }),
  fc.record({
    mode: fc.constant('fixed'),
    value: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }).map(String)),
  }),
  fc.record({
    mode: fc.constantFrom('fixed-percent', 'random-max-percent'),
    value: fc.oneof(
      fc.integer({ min: 1, max: 100 }),
      percent,
      percent.map((text) => text.replace('%', '')),
    ),
  }),
);
const target = fc.oneof(
  fc.record({ kind: fc.constant('pod'), name, namespace: optional(name), targetSelector: optional(selector) }),
  fc
    .tuple(fc.record({ kind: fc.constant('selector'), targetSelector: selector, name: optional(name) }), mode)
    .map(([one, more]) => ({ ...one, ...more })),
);
const ports = fc.oneof(
  fc.record({ port }),
  fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 0, max: 9 })).map(([first, more]) => ({
    port: String(first),
    endPort: Math.min(65_535, first + more),
  })),
);
const peer = fc.tuple(endpoint(false), fc.oneof(fc.constant({}), ports)).map(([place, at]) => ({ ...place, ...at }));
/** The origin's way to say that there is none. */
const withEmptyPort = endpoint(false).map((place) => ({ ...place, port: '' }));
const shaperFields = {
  direction: fc.constantFrom('egress', 'ingress', 'both'),
  peers: fc.array(fc.oneof({ weight: 4, arbitrary: peer }, withEmptyPort), { minLength: 1, maxLength: 4 }),
  ports: fc.array(ports, { minLength: 1, maxLength: 3 }),
  protocol: fc.constantFrom('tcp', 'udp', 'sctp', 'icmp'),
  except: fc.array(endpoint(false), { minLength: 1, maxLength: 3 }),
  include: fc.constantFrom(['node'], ['dns'], ['dns', 'node'], ['sflow', 'apiserver']),
  lease: fc.integer({ min: 3, max: 3600 }).map((seconds) => `${seconds}s`),
};
export const shaper = fc.oneof(
  record({ targets: fc.array(target, { minLength: 1, maxLength: 3 }), configuration, ...shaperFields }, [
    'targets',
    'configuration',
  ]),
  record(
    {
      targets: fc.array(
        fc.tuple(target, configuration).map(([one, own]) => ({ ...one, configuration: own })),
        { minLength: 1, maxLength: 3 },
      ),
      ...shaperFields,
    },
    ['targets'],
  ),
);
