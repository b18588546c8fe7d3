/** For how long a fault lets nothing be answered. */
import type { Direction, Fault, Pulse } from '../api/index.ts';
import { impairmentOf, longestHoldMs } from './catalogue.ts';

type Course = { effect: Fault; steps?: readonly { atMs: number; effect: Fault }[]; pulse?: Pulse; direction: Direction };

/**
 * The longest time, in milliseconds, in which no answer comes: while everything is lost, one such step counted on to the next, or as long as a packet
 * and its answer are held back.
 * @param activeMs how long the fault is active
 */
export function longestSilenceMs({ effect, steps = [], pulse, direction }: Course, activeMs: number): number {
  const parts = [{ atMs: 0, effect }, ...steps].filter(({ atMs }) => atMs < activeMs);
  let [longest, cut] = [0, 0];
  for (const [index, part] of parts.entries()) {
    const lastsMs = (parts[index + 1]?.atMs ?? activeMs) - part.atMs;
    cut = losesEverything(part.effect) ? cut + lastsMs : 0;
    const heldMs = longestHoldMs(part.effect) * (direction === 'both' ? 2 : 1);
    longest = Math.max(longest, heldMs, Math.min(cut, pulse?.activeMs ?? Infinity));
  }
  return longest;
}

function losesEverything(effect: Fault): boolean {
  const { loss } = impairmentOf(effect);
  return loss.kind !== 'none' && loss.percent === 100;
}
