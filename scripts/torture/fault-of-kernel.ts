/** What hurts packets so that a watcher cannot miss it: a long delay, or, where the kernel has no netem, silence. */
import { gatherKernelFacts } from '../../src/lab/index.ts';
import type { Watcher } from './watcher.ts';

export type TortureFault = {
  type: 'delay' | 'loss';
  /** What it is in turns, a second each. */
  values: readonly [string, string];
  /** Of the pings of the run's own hypothesis. */
  lossPercentTolerated: number;
  /** The longest that a hurt packet is on its way. */
  delayMs: number;
  /** When the packets were sent that were hurt, of those sent in this span, in milliseconds since 1970. */
  hurtBetween: (watcher: Watcher, from: number, to: number) => number[];
};

/** A packet with the fault takes this long; a clean one in an emulated machine does not, however busy that is. */
const delayMs = 400;

const delay: TortureFault = {
  type: 'delay',
  values: [`${String(delayMs)}ms`, `${String(delayMs + 20)}ms`],
  lossPercentTolerated: 60,
  delayMs: delayMs + 20,
  hurtBetween: (watcher, from, to) =>
    watcher.between(from, to).flatMap(({ sentAt, rttMs }) => (rttMs >= delayMs - 10 ? [sentAt] : [])),
};

const silence: TortureFault = {
  type: 'loss',
  values: ['100%', '99.999%'],
  lossPercentTolerated: 100,
  delayMs: 0,
  hurtBetween: (watcher, from, to) => watcher.lostBetween(from, to),
};

export async function faultOfKernel(): Promise<TortureFault> {
  return (await gatherKernelFacts()).netem.outcome === 'works' ? delay : silence;
}
