/** Decides what is killed, in which phase of a run and how long after that phase began. Pure: the same seed gives the same plan. */
import { seededRandom } from '../random.ts';

/**
 * `control` is the process of `squall serve`; `both` leaves nobody alive but the kernel; `target` is the process of the pod that is hurt, and
 * `namespace` its network namespace.
 */
export const victims = ['agent', 'control', 'both', 'target', 'namespace'] as const;
export type Victim = (typeof victims)[number];

/** In `update`, a part of `during`, one version of the fault takes the place of another: there are two in the kernel. */
export const killPhases = ['preflight', 'before', 'inject', 'during', 'update', 'undo', 'after'] as const;
export type KillPhase = (typeof killPhases)[number];

export type Kill = {
  /** Counted from 0 over the whole campaign. */
  number: number;
  victim: Victim;
  /** The phase whose beginning is waited for; the phase that was met is measured. */
  phase: KillPhase;
  /** Milliseconds from the phase's beginning to the kill; of an update, from when two versions were seen. */
  afterMs: number;
  /** Whole seconds that the fault is to last. */
  durationSeconds: number;
};

/** The fault takes a step every second. */
export const stepMs = 1000;

/** Milliseconds from each phase's beginning in which a kill is likely to meet it still. */
export type PhaseMs = Readonly<Record<Exclude<KillPhase, 'during'>, number>>;
export const emulatedPhaseMs: PhaseMs = { preflight: 600, before: 1000, inject: 800, update: 300, undo: 800, after: 1000 };
export const nativePhaseMs: PhaseMs = { preflight: 100, before: 1000, inject: 80, update: 60, undo: 150, after: 1000 };

/** Every victim meets every phase once before any meets it again; order, instants and durations are drawn from the seed. */
export function planKills(seed: number, count: number, phaseMs = emulatedPhaseMs): Kill[] {
  const random = seededRandom(seed);
  const kills: Kill[] = [];
  while (kills.length < count) {
    const deck = victims.flatMap((victim) => killPhases.map((phase) => ({ victim, phase })));
    for (const { victim, phase } of shuffle(deck, random).slice(0, count - kills.length)) {
      const durationSeconds = 3 + Math.floor(random() * 4);
      const length = phase === 'during' ? durationSeconds * 1000 : phaseMs[phase];
      kills.push({ number: kills.length, victim, phase, afterMs: Math.floor(random() * length), durationSeconds });
    }
  }
  return kills;
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
