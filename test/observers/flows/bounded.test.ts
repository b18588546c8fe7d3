import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestFlows, onceEach } from '../../../src/observers/flows/largest-flows.ts';
import { createRecall } from '../../../src/observers/flows/recall.ts';
import { createRecency } from '../../../src/observers/flows/recency.ts';

describe('what was decided before', () => {
  it('is recalled for the same numbers only, and never more than two generations of it', () => {
    const numbers = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (all, most) => {
        const recall = createRecall<string>(most);
        for (const one of all) {
          const asked = Int32Array.from(one);
          expect([undefined, one.join()]).toContain(recall.find(asked, one.length));
          recall.keep(asked, one.length, one.join());
          expect(recall.find(asked, one.length)).toBe(one.join());
          expect(recall.size()).toBeLessThanOrEqual(2 * most);
        }
        recall.clear();
        expect(recall.size()).toBe(0);
      }),
    );
  });
});

describe('items by their last use', () => {
  type Item = { name: number; older: Item | undefined; newer: Item | undefined };

  it('leave in the order in which they were used last', () => {
    const step = fc.record({ name: fc.nat(9), isRemoved: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const items = Array.from({ length: 10 }, (_, name): Item => ({ name, older: undefined, newer: undefined }));
        const recency = createRecency<Item>();
        let expected: number[] = [];
        for (const { name, isRemoved } of steps) {
          const item = items[name];
          if (item === undefined) continue;
          expected = expected.filter((other) => other !== name);
          if (isRemoved) recency.remove(item);
          else {
            recency.use(item);
            expected.push(name);
          }
        }
        const left: number[] = [];
        for (let item = recency.oldest(); item !== undefined; item = recency.oldest()) {
          left.push(item.name);
          recency.remove(item);
        }
        expect(left).toEqual(expected);
      }),
    );
  });
});

describe('the largest of many flows', () => {
  const flow = fc.record({ flow: fc.constantFrom('a', 'b', 'c', 'd'), source: fc.constantFrom('1', '2'), value: fc.nat(50) });

  it('are those that an order of all would put first', () => {
    fc.assert(
      fc.property(fc.array(flow), fc.nat(5), (flows, most) => {
        const values = flows.map(({ value }) => value).sort((one, other) => other - one);
        expect(largestFlows(flows, most).map(({ value }) => value)).toEqual(values.slice(0, most));
      }),
    );
  });

  it.each([
    ['max', [{ flow: 'a', source: '2', value: 5 }]],
    ['sum', [{ flow: 'a', source: '2', value: 9 }]],
  ] as const)('are there once, with the %s of their sources', (aggregation, expected) => {
    const flows = [
      { flow: 'a', source: '1', value: 3 },
      { flow: 'a', source: '2', value: 5 },
      { flow: 'a', source: '3', value: 1 },
    ];
    expect([...onceEach(flows, aggregation)]).toEqual(expected);
  });
});
