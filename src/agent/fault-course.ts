/** The course of a fault: what it is, and whether it acts, so long after it became active. Pure. */
import type { FaultWork } from '../api/index.ts';

export type CourseNow = {
  /** Of the fault's steps; 0 is the effect that it came with. */
  step: number;
  /** False while a pulse rests. */
  acts: boolean;
  /** Milliseconds until any of this changes; absent: never. */
  nextInMs?: number;
};

/** @param elapsedMs since the fault became active on the target */
export function courseAt({ steps = [], pulse }: Pick<FaultWork, 'steps' | 'pulse'>, elapsedMs: number): CourseNow {
  const step = steps.filter(({ atMs }) => atMs <= elapsedMs).length;
  const next = steps[step]?.atMs;
  const turn = pulse === undefined ? undefined : turnAt(pulse, elapsedMs);
  const changes = [next === undefined ? [] : [next - elapsedMs], turn === undefined ? [] : [turn.leftMs]].flat();
  return { step, acts: turn?.acts ?? true, ...(changes.length === 0 ? {} : { nextInMs: Math.min(...changes) }) };
}

function turnAt({ activeMs, idleMs }: NonNullable<FaultWork['pulse']>, elapsedMs: number): { acts: boolean; leftMs: number } {
  const into = elapsedMs % (activeMs + idleMs);
  return into < activeMs ? { acts: true, leftMs: activeMs - into } : { acts: false, leftMs: activeMs + idleMs - into };
}

/** The fault as it is at a step. It has no course of its own: that is the fault's. */
export function faultAt({ steps = [], pulse: _pulse, ...fault }: FaultWork, step: number): FaultWork {
  return { ...fault, effect: steps[step - 1]?.effect ?? fault.effect };
}
