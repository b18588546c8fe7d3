/** Eight faults on one target, in fifty random orders. */
import { runOrder } from '../../test/matrix/fault-orders.ts';
import { createPair } from '../../test/kernel/namespaces.ts';
import { seededRandom } from '../random.ts';
import type { CampaignOptions, CampaignResult } from './result.ts';

const orderCount = 50;

export async function faultOrders({ seed, say }: CampaignOptions): Promise<CampaignResult> {
  const pair = await createPair();
  const random = seededRandom(seed);
  const [orders, problems]: [string[], string[]] = [[], []];
  let rootChanges = 0;
  try {
    for (let index = 0; index < orderCount; index += 1) {
      const result = await runOrder(pair, random);
      orders.push(result.steps.join(' '));
      problems.push(...result.problems);
      rootChanges += result.rootChanges;
      // What one order has left must not be counted again by the next.
      if (result.problems.length > 0) await pair.driver.sweep();
      if (index % 10 === 9) say(`${String(index + 1)} of ${String(orderCount)} orders, ${String(problems.length)} problems`);
    }
  } finally {
    await pair.dispose();
  }
  const text = [
    `${String(orderCount)} orders of 8 faults that come and 8 that go, seed ${String(seed)}, ${String(problems.length)} problems. After each step every peer's round trips were the sum of the delays present, to both families; pings to a peer that nobody selected went on through the whole order, and ${spared(rootChanges)}; at its end tc, nft and ip printed what they had printed before.`,
    '',
    ...orders.map((order) => `- ${order}`),
  ].join('\n');
  return { problems, text, data: { orders: orderCount, seed, rootChanges } };
}

const spared = (rootChanges: number): string =>
  rootChanges === 0
    ? "none of them was allowed to be lost, since the root of the target's device never changed"
    : `no more of them were allowed to be lost than the root of the target's device came or went (${String(rootChanges)} times)`;
