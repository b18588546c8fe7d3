/** What manifests of several kinds are made of: names, amounts with units, selectors and endpoints, as people might write them. */
import fc from 'fast-check';

export const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
export const record = (fields: Record<string, fc.Arbitrary<unknown>>, required: string[] = []) =>
  fc.record(fields, { requiredKeys: required });

export const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
export const milliseconds = (least: number, most: number) => fc.integer({ min: least, max: most }).map((amount) => `${amount}ms`);
export const duration = (leastSeconds: number, mostSeconds: number) =>
  fc.oneof(
    fc.integer({ min: leastSeconds, max: mostSeconds }).map((seconds) => `${seconds}s`),
    milliseconds(leastSeconds * 1000, mostSeconds * 1000),
    fc
      .integer({ min: Math.max(leastSeconds, 60), max: Math.max(mostSeconds, 61) })
      .map((s) => `${Math.floor(s / 60)}m${s % 60}.5s`),
  );
export const percent = fc
  .oneof(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0.001, max: 100, noNaN: true }))
  .map((value) => `${Number(value.toFixed(4))}%`);
export const port = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }).map(String));
export const rate = fc
  .tuple(fc.integer({ min: 8, max: 99 }), fc.constantFrom('kbit', 'mbit', 'gbit'))
  .map(([amount, unit]) => `${amount}${unit}`);

export const selector = fc.oneof(
  fc.record({ matchLabels: fc.dictionary(name, name, { minKeys: 1, maxKeys: 3 }) }),
  fc.record({
    matchExpressions: fc.array(
      fc.oneof(
        fc.record({
          key: name,
          operator: fc.constantFrom('In', 'NotIn'),
          values: fc.array(name, { minLength: 1, maxLength: 3 }),
        }),
        fc.record({ key: name, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  }),
);

export const networks = fc.oneof(
  fc.integer({ min: 0, max: 32 }).map((prefix) => `${prefix === 0 ? '0' : '128'}.0.0.0/${prefix}`),
  fc.integer({ min: 16, max: 128 }).map((prefix) => `fd00::/${prefix}`),
);
export const endpoint = (withPort: boolean | undefined) => {
  const at = withPort === true ? { port } : withPort === false ? {} : { port: optional(port) };
  return fc.oneof(
    fc.record({ kind: fc.constant('ip'), ip: fc.oneof(fc.ipV4(), fc.ipV6()), ...at }),
    fc.record({ kind: fc.constant('cidr'), cidr: networks, ...at }),
    fc.record({ kind: fc.constant('host'), host: fc.constantFrom('example.org', 'a.b.c'), ...at }),
    fc.record({ kind: fc.constantFrom('pod', 'service'), name, namespace: optional(name), ...at }),
    fc.record({ kind: fc.constant('selector'), selector, namespace: optional(name), ...at }),
    fc.record({ kind: fc.constant('node'), name, ...at }),
    fc.record({ kind: fc.constant('node'), node: name, ...at }),
  );
};
