import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scripts/random.ts';
import { killPhases, planKills, victims } from '../../scripts/torture/kill-plan.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const everyPair = victims.length * killPhases.length;

describe('the plan of kills', () => {
  it('is the same for the same seed, and another for another', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 100 }), (seed, count) => {
        expect(planKills(seed, count)).toEqual(planKills(seed, count));
      }),
    );
    expect(planKills(1, 50)).not.toEqual(planKills(2, 50));
  });

  it('begins like a longer one of the same seed, so that a failed round can be played again with fewer', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (seed, fewer, more) => {
        expect(planKills(seed, fewer + more).slice(0, fewer)).toEqual(planKills(seed, fewer));
      }),
    );
  });

  it('lets every victim meet every phase once before any meets it again', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const pairs = planKills(seed, everyPair).map(({ victim, phase }) => `${victim} ${phase}`);
        expect(new Set(pairs).size).toBe(everyPair);
      }),
    );
  });

  it('numbers the kills, and kills within the phase that is aimed at', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const kills = planKills(seed, 60);
        expect(kills.map(({ number }) => number)).toEqual(kills.map((_, index) => index));
        for (const { phase, afterMs, durationSeconds } of kills) {
          expect(durationSeconds).toBeGreaterThanOrEqual(3);
          expect(durationSeconds).toBeLessThanOrEqual(6);
          expect(afterMs).toBeGreaterThanOrEqual(0);
          expect(afterMs).toBeLessThan(phase === 'during' ? durationSeconds * 1000 : 1000);
        }
      }),
    );
  });

  it('draws numbers that are spread evenly', () => {
    const random = seededRandom(7);
    const numbers = Array.from({ length: 10_000 }, random);
    for (const tenth of Array.from({ length: 10 }, (_, index) => index / 10)) {
      const share = numbers.filter((number) => number >= tenth && number < tenth + 0.1).length;
      expect(share).toBeGreaterThan(850);
      expect(share).toBeLessThan(1150);
    }
  });
});
