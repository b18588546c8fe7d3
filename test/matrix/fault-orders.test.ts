import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { seededRandom } from '../../scripts/random.ts';
import { createPair, type Pair } from '../kernel/namespaces.ts';
import { runOrder } from './fault-orders.ts';

/** `npm run campaign -- fault-orders` runs 50. */
const seeds = [1];

describe('eight faults of eight experiments on one target', () => {
  let pair: Pair;
  before(async () => {
    pair = await createPair();
  });
  after(async () => {
    await pair.dispose();
  });
  for (const seed of seeds) {
    it(`come and go in the order of seed ${String(seed)}, each exact while it is there, and no packet of others is lost`, async (context) => {
      const { steps, problems, rootChanges } = await runOrder(pair, seededRandom(seed));
      context.diagnostic(steps.join(' '));
      assert.deepEqual(problems, []);
      assert.equal(steps.length, 16);
      assert.equal(rootChanges, 0);
    });
  }
});
