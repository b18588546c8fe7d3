/** What a target sends to those that no fault selects, while the first fault on what goes out comes and the last one goes, again and again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressesOf, assertSame, createPair, delay, keepPinging, snapshot, start, work } from '../kernel/namespaces.ts';
import { lost } from '../kernel/statistics.ts';

const cycles = 3;
const changes = 2 * cycles;

describe('packets that no fault selects', () => {
  for (const { egress, mostLost } of [
    { egress: 'own-device', mostLost: 0 },
    // A change of the root may cost what is sent in that moment, one ping of each family.
    { egress: 'own-root', mostLost: 2 * changes },
  ] as const) {
    it(`are lost ${String(mostLost)} times at most at ${String(changes)} changes where the way is ${egress}`, async (context) => {
      const pair = await createPair({ queueLength: 0, egress });
      const found = await snapshot(pair.target);
      const pinging = keepPinging(pair.target, addressesOf(9), { count: 100, periodMs: 5 });
      try {
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          await start(pair, work('passing', delay(20), [2]));
          assert.deepEqual(await pair.driver.remove(pair.namespace, 'passing'), { residue: 0, changedByOthers: [] });
        }
        assertSame(await snapshot(pair.target), found);
        const sent = Object.values((await pinging.end()).times).flat();
        const told = `${String(lost(sent))} of ${String(sent.length)} pings were lost`;
        context.diagnostic(told);
        assert.ok(lost(sent) <= mostLost, told);
      } finally {
        await pinging.end();
        await pair.dispose();
      }
    });
  }
});
