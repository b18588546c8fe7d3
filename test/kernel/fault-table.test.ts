import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { describeFault } from '../../src/faults/index.ts';
import { measureCase, tableCases, tableDirections, tableFaults, tableFilters } from './fault-table.ts';
import { assertSame, createPair, type Pair, type Snapshot, snapshot } from './namespaces.ts';

/** Of those that no other test measures (a rate is measured on the machine's own kernel); with the faults the directions and filters go round. `npm run campaign -- fault-table` measures all. */
const sampled = ['jitter', 'duplicate', 'corrupt', 'partition'];
const sample = tableFaults.flatMap((fault, index) => {
  const direction = tableDirections[index % tableDirections.length];
  const filter = tableFilters[index % tableFilters.length];
  if (!sampled.some((word) => describeFault(fault).includes(word))) return [];
  return tableCases.filter((one) => one.fault === fault && one.direction === direction && one.filter === filter);
});

describe('a fault', () => {
  let pair: Pair;
  let untouched: Snapshot;
  before(async () => {
    pair = await createPair();
    untouched = await snapshot(pair.target);
  });
  after(async () => {
    await pair.dispose();
  });

  for (const one of sample) {
    it(`${describeFault(one.fault)} on ${one.direction} does what was asked to ${one.filter}, and nothing to others`, async () => {
      try {
        const { rows, left } = await measureCase(pair, one);
        assert.equal(rows.length, 2);
        for (const row of rows) {
          assert.ok(
            row.ok,
            `${row.family}: asked ${String(row.requested)}, measured ${String(row.measured)} ${row.unit} (${String(row.low)} to ${String(row.high)})`,
          );
          assert.deepEqual(row.spared, []);
        }
        assert.deepEqual(left, []);
        assertSame(await snapshot(pair.target), untouched);
      } finally {
        // Nothing to do, unless it has failed; it must not make the next one fail.
        await pair.driver.sweep();
      }
    });
  }
});
