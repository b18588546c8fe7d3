/** What a target sends to those that no fault selects, while the first fault on what goes out comes and the last one goes, again and again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressesOf, assertSame, createPair, delay, keepPinging, snapshot, start, work } from '../kernel/namespaces.ts';
import { lost } from '../kernel/statistics.ts';

const cycles = 10;

describe('packets that no fault selects', () => {
  for (const { egress, mostLost } of [
    { egress: 'own-device', mostLost: 0 },
    // Every change of the root may cost what is sent in that moment, to both families.
    { egress: 'own-root', mostLost: 2 * 2 * cycles },
  ] as const) {
    it(`are lost at most ${String(mostLost)} times where the way is ${egress}, while faults come and go ${String(cycles)} times`, async (context) => {
      const pair = await createPair({ queueLength: 0, egress });
      const found = await snapshot(pair.target);
      const pinging = keepPinging(pair.target, addressesOf(9), { count: 100, periodMs: 5 });
      const began = Date.now();
      try {
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          await start(pair, work('passing', delay(20), [2]));
          console.log('cycle', cycle, Date.now() - began);
          assert.deepEqual(await pair.driver.remove(pair.namespace, 'passing'), { residue: 0, changedByOthers: [] });
        }
        const { times } = await pinging.end();
        const sent = Object.values(times).flat();
        context.diagnostic(
          `${egress}: ${String(lost(sent))} of ${String(sent.length)} pings lost at ${String(2 * cycles)} changes in ${String(Date.now() - began)} ms`,
        );
        assert.ok(lost(sent) <= mostLost, `${String(lost(sent))} of ${String(sent.length)} pings were lost`);
        assertSame(await snapshot(pair.target), found);
      } finally {
        await pair.dispose();
      }
    });
  }
});
