/**
 * What was decided of packets before, by the numbers that decided it, so that it need not be decided again for each of them. Two generations of a fixed
 * size: what was not asked for while one filled up is forgotten.
 */
export type Recall<Decision> = {
  /** @param numbers as many as the recall is wide */
  find: (numbers: Int32Array) => Decision | undefined;
  keep: (numbers: Int32Array, decision: Decision) => void;
  clear: () => void;
  size: () => number;
};

type Kept<Decision> = { numbers: readonly number[]; decision: Decision };

export function createRecall<Decision>(width: number, mostOfGeneration: number): Recall<Decision> {
  let young = new Map<number, Kept<Decision>>();
  let old = new Map<number, Kept<Decision>>();

  const put = (hash: number, kept: Kept<Decision>): void => {
    if (young.size >= mostOfGeneration) [old, young] = [young, new Map()];
    young.set(hash, kept);
  };

  return {
    find: (numbers) => {
      const hash = hashOf(numbers, width);
      let kept = young.get(hash);
      if (kept === undefined) {
        kept = old.get(hash);
        if (kept === undefined) return undefined;
        old.delete(hash);
        put(hash, kept);
      }
      return areSame(kept.numbers, numbers, width) ? kept.decision : undefined;
    },
    /** Numbers of the same hash take each other's place. */
    keep: (numbers, decision) => {
      put(hashOf(numbers, width), { numbers: Array.from(numbers.subarray(0, width)), decision });
    },
    clear: () => {
      young.clear();
      old.clear();
    },
    size: () => young.size + old.size,
  };
}

function hashOf(numbers: Int32Array, width: number): number {
  let hash = width;
  for (let index = 0; index < width; index += 1) {
    hash = Math.imul(hash ^ (numbers[index] ?? 0), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function areSame(kept: readonly number[], numbers: Int32Array, width: number): boolean {
  for (let index = 0; index < width; index += 1) if (kept[index] !== numbers[index]) return false;
  return true;
}
