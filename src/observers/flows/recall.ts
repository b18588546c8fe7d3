/**
 * What was decided of packets before, by the numbers that decided it, so that it need not be decided again for each of them. Two generations of a fixed
 * size: what was not asked for while one filled up is forgotten.
 */
export type Recall<Decision> = {
  /** @param length of the numbers that count */
  find: (numbers: Int32Array, length: number) => Decision | undefined;
  keep: (numbers: Int32Array, length: number, decision: Decision) => void;
  clear: () => void;
  /** Where more is kept than that, all is forgotten. */
  limit: (mostOfGeneration: number) => void;
  size: () => number;
};

type Kept<Decision> = { numbers: readonly number[]; decision: Decision };

export function createRecall<Decision>(mostAtFirst: number): Recall<Decision> {
  let mostOfGeneration = mostAtFirst;
  let young = new Map<number, Kept<Decision>>();
  let old = new Map<number, Kept<Decision>>();

  const put = (hash: number, kept: Kept<Decision>): void => {
    if (young.size >= mostOfGeneration) {
      old = young;
      young = new Map();
    }
    young.set(hash, kept);
  };

  const clear = (): void => {
    young.clear();
    old.clear();
  };

  return {
    find: (numbers, length) => {
      const hash = hashOf(numbers, length);
      let kept = young.get(hash);
      if (kept === undefined) {
        kept = old.get(hash);
        if (kept === undefined) return undefined;
        old.delete(hash);
        put(hash, kept);
      }
      return areSame(kept.numbers, numbers, length) ? kept.decision : undefined;
    },
    /** Numbers of the same hash take each other's place. */
    keep: (numbers, length, decision) => {
      put(hashOf(numbers, length), { numbers: Array.from(numbers.subarray(0, length)), decision });
    },
    clear,
    limit: (most) => {
      mostOfGeneration = most;
      if (young.size > most || old.size > most) clear();
    },
    size: () => young.size + old.size,
  };
}

function hashOf(numbers: Int32Array, length: number): number {
  let hash = length;
  for (let index = 0; index < length; index += 1) {
    hash = Math.imul(hash ^ (numbers[index] ?? 0), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function areSame(kept: readonly number[], numbers: Int32Array, length: number): boolean {
  if (kept.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (kept[index] !== numbers[index]) return false;
  return true;
}
