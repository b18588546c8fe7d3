/** Eight faults of eight experiments on one target, put in and taken out in a random order, while traffic flows. */
import type { FaultWork } from '../../src/api/index.ts';
import { addressesOf, assertSame, delay, inside, keepPinging, type Pair, ping, snapshot, work } from '../kernel/namespaces.ts';
import { answered, lost, median } from '../kernel/statistics.ts';

/** On egress of eth0 they need all 15 classes: 3 of them can meet at peers 3 and 4. */
const faults: readonly { id: string; delayMs: number; peers: number[]; direction: FaultWork['direction'] }[] = [
  { id: 'a', delayMs: 40, peers: [2], direction: 'egress' },
  { id: 'b', delayMs: 60, peers: [2, 3], direction: 'egress' },
  { id: 'c', delayMs: 80, peers: [3], direction: 'egress' },
  { id: 'd', delayMs: 40, peers: [4], direction: 'egress' },
  { id: 'e', delayMs: 60, peers: [4, 5], direction: 'egress' },
  { id: 'f', delayMs: 80, peers: [5], direction: 'ingress' },
  { id: 'g', delayMs: 100, peers: [2], direction: 'ingress' },
  { id: 'h', delayMs: 50, peers: [3, 4], direction: 'both' },
];
const hurtPeers = [2, 3, 4, 5];
const unselected = 9;
/** What an emulated machine adds to the middle of a few pings at most; the least difference between two sums of delays is 10 ms more. */
const machineMs = 10;
const leaseMs = 120_000;

/** @property rootChanges how often the root of the target's device came or went; then alone packets of others may be lost (docs/faults.md) */
export type OrderResult = { steps: string[]; problems: string[]; rootChanges: number };

/** @param random numbers in [0, 1): which fault comes or goes next */
export async function runOrder(pair: Pair, random: () => number): Promise<OrderResult> {
  const { driver, namespace, target } = pair;
  const before = await snapshot(target);
  const pinging = keepPinging(target, addressesOf(unselected));
  const steps: string[] = [];
  let [root, rootChanges] = [await rootOf(target), 0];
  const problems: string[] = [];
  const [waiting, present] = [[...faults], [] as (typeof faults)[number][]];
  const drawn = <Item>(items: Item[]): Item | undefined => items.splice(Math.floor(random() * items.length), 1)[0];
  while (waiting.length + present.length > 0) {
    const comes = waiting.length > 0 && (present.length === 0 || random() < 0.65);
    const fault = drawn(comes ? waiting : present);
    if (fault === undefined) break;
    steps.push(`${comes ? '+' : '-'}${fault.id}`);
    if (comes) {
      await driver.prepare(namespace, work(fault.id, delay(fault.delayMs), fault.peers, { direction: fault.direction }));
      await driver.commit(namespace, fault.id, () => leaseMs);
      present.push(fault);
    } else {
      const { residue, changedByOthers } = await driver.remove(namespace, fault.id);
      if (residue > 0 || changedByOthers.length > 0)
        problems.push(`${steps.join(' ')}: ${String(residue)} left, ${changedByOthers.join()}`);
    }
    const rootNow = await rootOf(target);
    if (rootNow !== root) rootChanges += 1;
    root = rootNow;
    problems.push(...(await wrongDelays(target, present)).map((text) => `${steps.join(' ')}: ${text}`));
  }
  const { times } = await pinging.end();
  for (const [address, row] of Object.entries(times)) {
    if (lost(row) > rootChanges)
      problems.push(
        `${steps.join(' ')}: ${String(lost(row))} of ${String(row.length)} pings to ${address}, which nobody selected, were lost at ${String(rootChanges)} changes of the root`,
      );
  }
  try {
    assertSame(await snapshot(target), before);
  } catch (error) {
    problems.push(`${steps.join(' ')}: ${String(error)}`);
  }
  return { steps, problems, rootChanges };
}

async function rootOf(target: string): Promise<string> {
  return await inside(target, ['tc', 'qdisc', 'show', 'dev', 'eth0', 'root']);
}

/** How often delays are measured until they are right: a machine that stands still says too much, a fault that is wrong is wrong each time. */
const mostLooks = 5;

async function wrongDelays(target: string, present: typeof faults): Promise<string[]> {
  let wrong: string[] = [];
  for (let look = 0; look < mostLooks; look += 1) {
    wrong = await measuredWrong(target, present);
    if (wrong.length === 0 || wrong.some((text) => !text.endsWith(' 0 lost'))) break;
  }
  return wrong;
}

/** Of every peer: the sum of the delays that its packets meet now, and nothing lost. */
async function measuredWrong(target: string, present: typeof faults): Promise<string[]> {
  const times = await ping(target, addressesOf(...hurtPeers), { count: 5, periodMs: 20, timeoutMs: 2000 });
  return hurtPeers.flatMap((peer) => {
    const met = present.filter(({ peers }) => peers.includes(peer));
    const wanted = met.reduce((sum, { delayMs, direction }) => sum + delayMs * (direction === 'both' ? 2 : 1), 0);
    return addressesOf(peer).flatMap((address) => {
      const row = times[address] ?? [];
      const middle = median(answered(row));
      const isRight = row.length === 5 && lost(row) === 0 && middle > wanted - 1 && middle < wanted + machineMs;
      return isRight ? [] : [`${address}: ${String(middle)} ms instead of ${String(wanted)}, ${String(lost(row))} lost`];
    });
  });
}
