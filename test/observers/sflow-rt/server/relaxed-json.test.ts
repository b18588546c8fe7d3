import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRelaxedJson } from '../../../../src/observers/sflow-rt/server/relaxed-json.ts';

test.each<[string, unknown]>([
  ["{keys:'ipsource,ipdestination', value:'bytes'}", { keys: 'ipsource,ipdestination', value: 'bytes' }],
  ["{'t':'2','log':'true'}", { t: '2', log: 'true' }],
  ['{"value":1.5e3,n:-2,}', { value: 1500, n: -2 }],
  ['{a:[1,true,null,],b:{}}', { a: [1, true, null], b: {} }],
  [`{a:'it\\'s "quoted"'}`, { a: `it's "quoted"` }],
  ['{a:"it\'s"}', { a: "it's" }],
  ["{a:'\\u0041\\n'}", { a: 'A\n' }],
  ['  {  }  ', {}],
])('%s is read', (text, value) => {
  expect(parseRelaxedJson(text)).toEqual(value);
});

test.each<[string, RegExp]>([
  ['', /expected a value at character 1/],
  ['{', /expected the name of a field at character 2/],
  ['{a}', /expected ':' at character 3/],
  ['{a:1 b:2}', /expected ',' at character 6/],
  ["{a:'open}", /expected a text that ends with '/],
  ['{a:01}', /expected a value/],
  ['{a:nothing}', /expected a value/],
  ['{a:1}{', /expected the end/],
  ["{a:'\\x'}", /escapes/],
  ['<html>', /expected a value at character 1/],
  ['['.repeat(20), /at most 16 levels/],
])('%s is refused with its place', (text, message) => {
  expect(() => parseRelaxedJson(text)).toThrow(message);
});

test('a field named __proto__ is a field', () => {
  const value = parseRelaxedJson("{__proto__:{keys:'ipsource'}}") as object;
  expect(Object.keys(value)).toEqual(['__proto__']);
  expect((value as { keys?: unknown }).keys).toBeUndefined();
});

test('all JSON is read as JSON, also with single quotes', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.string(), (json, text) => {
      expect(parseRelaxedJson(json)).toEqual(JSON.parse(json));
      const single = `{a:'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'}`;
      expect(parseRelaxedJson(single)).toEqual({ a: text });
    }),
  );
});

test('any text is read or refused as invalid input', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{ } [ ] : , \' " \\ a b 1 e + - .'.split(' '), ' ') }), (text) => {
      try {
        parseRelaxedJson(text);
      } catch (error) {
        expect(error).toMatchObject({ code: 'InvalidInput' });
      }
    }),
    { numRuns: 2000 },
  );
});
