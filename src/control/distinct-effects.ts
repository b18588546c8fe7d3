/** The effects that a fault has in the course of its steps, and which of them a node is asked to try before. */
import type { Fault, FaultWork, ShaperPart } from '../api/index.ts';
import { longestHoldMs } from '../faults/index.ts';

/** A node tries so many with what is on its targets now. */
const mostTried = 8;

/** Every effect once, in the order of time. */
export function distinctEffects({ fault, steps }: Pick<ShaperPart, 'fault' | 'steps'>): Fault[] {
  return [...new Map([fault, ...steps.map((one) => one.fault)].map((one) => [JSON.stringify(one), one])).values()];
}

/** The fault as it is at one moment, for each effect that is to be tried. */
export function momentsOf(work: FaultWork): FaultWork[] {
  const { steps = [], pulse: _pulse, ...constant } = work;
  const effects = distinctEffects({ fault: work.effect, steps: steps.map(({ atMs, effect }) => ({ atMs, fault: effect })) });
  return mostDemanding(effects).map((effect) => ({ ...constant, effect }));
}

/**
 * At most 8: of each kind of need the effect with the largest demand, then those with the largest demands among the others. An effect
 * demands more that holds packets longer; of equals, that lets more bits wait; of equals, that hurts a larger share.
 */
export function mostDemanding(effects: readonly Fault[]): Fault[] {
  const ordered = effects.toSorted(byDemand);
  const firstOfKinds = new Map(ordered.toReversed().map((effect) => [needOf(effect), effect]));
  const first = ordered.filter((effect) => firstOfKinds.get(needOf(effect)) === effect);
  return [...first, ...ordered.filter((effect) => !first.includes(effect))].slice(0, mostTried);
}

/** Effects with the same need meet other faults, and a kernel, in the same way, but for how much. */
function needOf(effect: Fault): string {
  switch (effect.type) {
    case 'delay':
      return effect.jitterMs > 0 ? `delay ${effect.distribution}` : 'delay';
    case 'loss':
      return effect.percent === 100 ? 'all' : effect.burst > 1 ? 'bursts' : 'loss';
    default:
      return effect.type;
  }
}

function byDemand(one: Fault, other: Fault): number {
  const [ofOne, ofOther] = [demandOf(one), demandOf(other)];
  const index = ofOne.findIndex((size, at) => size !== ofOther[at]);
  return index < 0 ? 0 : (ofOther[index] ?? 0) - (ofOne[index] ?? 0);
}

/** @returns milliseconds held, bits that wait, percent hurt */
function demandOf(effect: Fault): readonly number[] {
  const waiting = effect.type === 'rate' ? (effect.bitsPerSecond * effect.latencyMs) / 1000 : 0;
  return [longestHoldMs(effect), waiting, 'percent' in effect ? effect.percent : 0];
}
