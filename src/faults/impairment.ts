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

/** After every packet that left at once `gap` − 1 are held for `delayMs`, and then each with the chance that `percent` leaves: they are overtaken. */
export type Reordering = { percent: number; gap: number; delayMs: number };

/** Packets leave together, at moments that are between `minMs` and `maxMs` apart. */
export type Slots = { minMs: number; maxMs: number };

/** What comes faster waits, up to `latencyMs`; what would wait longer is dropped. */
export type RateLimit = { bitsPerSecond: number; latencyMs: number };

export type Impairment = {
  delayMs: number;
  jitterMs: number;
  distribution: Distribution;
  loss: Loss;
  /** One bit of the packet is turned over. */
  corruptPercent: number;
  /** The packet leaves twice. */
  duplicatePercent: number;
  reordering?: Reordering;
  slots?: Slots;
  rateLimit?: RateLimit;
};

export const noImpairment: Impairment = {
  delayMs: 0,
  jitterMs: 0,
  distribution: 'uniform',
  loss: { kind: 'none' },
  corruptPercent: 0,
  duplicatePercent: 0,
};

/**
 * The impairment of a packet that meets all of these: delays add up, independent losses (and corruptions) are 1 − ∏(1 − p), and the
 * least rate holds.
 * @throws SquallError KernelRefused when no chain of queues can do what was asked
 */
export function composeImpairments(impairments: readonly Impairment[]): Impairment {
  const jittered = onlyOne(
    impairments.filter(({ jitterMs }) => jitterMs > 0),
    'jitter',
    'the sum of two random delays has no distribution that netem knows',
  );
  const { reordering } = onlyOne(
    impairments.filter((one) => one.reordering !== undefined),
    'reordering',
    'what one of them sends ahead the other would hold back',
  ) ?? { reordering: undefined };
  const { slots } = onlyOne(
    impairments.filter((one) => one.slots !== undefined),
    'slots',
    'a queue has one clock for its slots',
  ) ?? { slots: undefined };
  const duplicating = onlyOne(
    impairments.filter(({ duplicatePercent }) => duplicatePercent > 0),
    'duplication',
    'kernels allow one queue of a device to duplicate, and no other netem beside it',
  );
  if (duplicating !== undefined && reordering !== undefined) {
    throw notComposable(
      'duplication and reordering would meet in one packet',
      'kernels allow no second netem beside one that duplicates',
      'peers that do not overlap',
    );
  }
  return {
    delayMs: impairments.reduce((sum, { delayMs }) => sum + delayMs, 0),
    jitterMs: jittered?.jitterMs ?? 0,
    distribution: jittered?.distribution ?? 'uniform',
    loss: composeLosses(impairments.map(({ loss }) => loss).filter(({ kind }) => kind !== 'none')),
    corruptPercent: eitherPercent(impairments.map(({ corruptPercent }) => corruptPercent)),
    duplicatePercent: duplicating?.duplicatePercent ?? 0,
    ...defined({ reordering, slots, rateLimit: leastRate(impairments) }),
  };
}

function notComposable(what: string, why: string, remedy: string): SquallError {
  return new SquallError('KernelRefused', `NotComposable: ${what}, and ${why}; use ${remedy}`);
}

function onlyOne(impairments: readonly Impairment[], what: string, why: string): Impairment | undefined {
  if (impairments.length <= 1) return impairments[0];
  throw notComposable(
    `${String(impairments.length)} faults with ${what} would meet in one packet`,
    why,
    `${what} in one of them only, or peers that do not overlap`,
  );
}

function composeLosses(losses: readonly Loss[]): Loss {
  const [only, ...others] = losses;
  if (only === undefined) return { kind: 'none' };
  if (others.length === 0) return only;
  const percents = losses.map((loss) => {
    if (loss.kind !== 'burst') return loss.kind === 'none' ? 0 : loss.percent;
    throw notComposable(
      'a burst loss and another loss would meet in one packet',
      'netem has one loss model a queue',
      'independent loss (burst 1) for both, or peers that do not overlap',
    );
  });
  return { kind: 'independent', percent: eitherPercent(percents) };
}

/** The share of packets that meet at least one of several independent chances. */
function eitherPercent(percents: readonly number[]): number {
  // A single chance is kept as it was written, without what binary fractions add.
  const chances = percents.filter((percent) => percent > 0);
  if (chances.length <= 1) return chances[0] ?? 0;
  return (1 - chances.reduce((kept, percent) => kept * (1 - percent / 100), 1)) * 100;
}

function leastRate(impairments: readonly Impairment[]): RateLimit | undefined {
  const limits = impairments.flatMap(({ rateLimit }) => rateLimit ?? []);
  return limits.toSorted((one, other) => one.bitsPerSecond - other.bitsPerSecond || one.latencyMs - other.latencyMs)[0];
}

function defined<T extends object>(fields: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: NonNullable<T[Key]>;
  };
}

/** netem's distribution tables end at four standard deviations. */
const longestTail = 4;

/** The longest that a packet can be held, in milliseconds. */
export function longestDelayMs({ delayMs, jitterMs, distribution, reordering, slots, rateLimit }: Impairment): number {
  const tail = jitterMs * (distribution === 'uniform' ? 1 : longestTail);
  return delayMs + tail + (reordering?.delayMs ?? 0) + (slots?.maxMs ?? 0) + (rateLimit?.latencyMs ?? 0);
}
