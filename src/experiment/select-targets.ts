import { createHash } from 'node:crypto';
import { selectorMatches, type TargetMode, type TargetSelector } from '../api/index.ts';

export type Candidate = { namespace: string; name: string; uid: string; labels?: Record<string, string> };

/**
 * The candidates that a fault is going to hurt. The same seed and candidates always give the same targets, in the same order:
 * candidates are ordered by sha256(seed, namespace/name), and a fixed percentage rounds up.
 * Nothing selected is an empty list, which the caller refuses; it never means everything.
 */
export function selectTargets<Pod extends Candidate>(
  selectors: readonly TargetSelector[],
  candidates: readonly Pod[],
  seed: string,
): Pod[] {
  const chosen = new Map<string, Pod>();
  for (const selector of selectors) {
    for (const pod of chooseBy(selector, candidates, seed)) chosen.set(pod.uid, pod);
  }
  return [...chosen.values()];
}

function chooseBy<Pod extends Candidate>(selector: TargetSelector, candidates: readonly Pod[], seed: string): Pod[] {
  const here = candidates.filter(({ namespace }) => namespace === selector.namespace);
  if (selector.kind === 'pod') return here.filter(({ name }) => name === selector.name);
  const matching = here
    .filter(({ labels }) => selectorMatches(selector.selector, labels))
    .map((pod) => ({ pod, rank: hash(seed, `${pod.namespace}/${pod.name}`) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ pod }) => pod);
  return matching.slice(0, count(selector.mode, matching.length, seed));
}

function count(mode: TargetMode, available: number, seed: string): number {
  switch (mode.mode) {
    case 'all':
      return available;
    case 'one':
      return Math.min(1, available);
    case 'fixed':
      return Math.min(mode.count, available);
    case 'fixed-percent':
      return share(available, mode.percent);
    case 'random-max-percent':
      // From one to the whole share, drawn by the seed so that a report can be repeated; none would be a run that is Refused by chance.
      return Math.ceil((1 - drawn(seed, 'random-max-percent')) * share(available, mode.percent));
  }
}

/** Rounded up; the division comes last, since 0.07 × 100 in floating point is more than 7. */
function share(available: number, percent: number): number {
  return Math.ceil((available * percent) / 100);
}

function hash(seed: string, text: string): string {
  return createHash('sha256').update(`${seed}\0${text}`).digest('hex');
}

/** From 0 to less than 1, evenly. */
function drawn(seed: string, text: string): number {
  return parseInt(hash(seed, text).slice(0, 8), 16) / 2 ** 32;
}
