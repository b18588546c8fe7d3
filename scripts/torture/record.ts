import type { Verdict } from '../../src/api/index.ts';
import type { Kill } from './kill-plan.ts';

/** What one kill led to: one JSON line in the campaign's file. Times are in milliseconds. */
export type KillRecord = Kill & {
  type: 'kill';
  instance: number;
  /** The run's phase at the kill, by its journal; `none` before its first. */
  met: string;
  killedAt: string;
  /** Whether the watcher saw a hurt packet before the kill. */
  faultSeen: boolean;
  /** From the kill to the sending of the last packet that was hurt; absent when none was hurt after it. */
  lastHurtMs?: number;
  /** From the start of the agent's next process, or the end of the former one if that came later, to its report that nothing is left. */
  sweptMs?: number;
  /** From the start of the killed programs to a server that answers. */
  answeredMs?: number;
  verdict?: Verdict;
  reason?: string;
  /** The whole round. */
  tookMs: number;
  /** What did not hold, in words; empty in a good round. */
  problems: string[];
};
