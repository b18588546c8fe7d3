/**
 * What a class of faults does to one packet, and how several become one: the terms that every fault file translates its
 * fault into, so that composition knows nothing of single faults.
 */
import type { Distribution } from '../api/index.ts';
import { SquallError } from '../lib/index.ts';

export type Loss =
  | { kind: 'none' }
  | { kind: 'independent'; percent: number }
  /** Gilbert-Elliott: bursts of lost packets with this mean length. */
  | { kind: 'burst'; percent: number; length: number };

export type Impairment = {
  delayMs: number;
  jitterMs: number;
  distribution: Distribution;
  loss: Loss;
};

export const noImpairment: Impairment = { delayMs: 0, jitterMs: 0, distribution: 'uniform', loss: { kind: 'none' } };

/**
 * The impairment of a packet that meets all of these: delays add up, independent losses are 1 − ∏(1 − p).
 * @throws SquallError KernelRefused when no single queue can do what was asked
 */
export function composeImpairments(impairments: readonly Impairment[]): Impairment {
  const jittered = impairments.filter(({ jitterMs }) => jitterMs > 0);
  if (jittered.length > 1) {
    throw new SquallError(
      'KernelRefused',
      `NotComposable: ${String(jittered.length)} faults with jitter would meet in one packet, and the sum of two random delays has no distribution that netem knows; give at most one of them a jitter, or peers that do not overlap`,
    );
  }
  return {
    delayMs: impairments.reduce((sum, { delayMs }) => sum + delayMs, 0),
    jitterMs: jittered[0]?.jitterMs ?? 0,
    distribution: jittered[0]?.distribution ?? 'uniform',
    loss: composeLosses(impairments.map(({ loss }) => loss).filter(({ kind }) => kind !== 'none')),
  };
}

function composeLosses(losses: readonly Loss[]): Loss {
  const [only, ...others] = losses;
  if (only === undefined) return { kind: 'none' };
  if (others.length === 0) return only;
  let kept = 1;
  for (const loss of losses) {
    if (loss.kind === 'burst') {
      throw new SquallError(
        'KernelRefused',
        'NotComposable: a burst loss and another loss would meet in one packet, and netem has one loss model a queue; use independent loss (burst 1) for both, or peers that do not overlap',
      );
    }
    if (loss.kind === 'independent') kept *= 1 - loss.percent / 100;
  }
  return { kind: 'independent', percent: (1 - kept) * 100 };
}

/** netem's distribution tables end at four standard deviations. */
const longestTail = 4;

/** The longest that a packet can be held, in milliseconds. */
export function longestDelayMs({ delayMs, jitterMs, distribution }: Impairment): number {
  return delayMs + jitterMs * (distribution === 'uniform' ? 1 : longestTail);
}
