/** What a monitor's status is decided from. */
import type { Monitor, MonitorStatus } from '../../api/index.ts';
import type { SubscriptionView } from '../../observers/index.ts';
import type { ArmedRun } from './armed-runs.ts';
import type { CrossingMemory } from './crossing-memory.ts';

/** What came of asking the observer last. */
export type Heard =
  | { heard: 'view'; view: SubscriptionView }
  /** The monitor is not accepted. `at`: when the observer answered last all the same. */
  | { heard: 'refusal'; message: string; at: number }
  /** Nobody answers, so nothing is known. `accepted`: what is asked was taken before. */
  | { heard: 'silence'; message: string; accepted: boolean };

export type MonitorFacts = {
  generation: number;
  /** Undefined: its spec cannot be read. */
  monitor: Monitor | undefined;
  /** That may be aborted by it, the oldest first. */
  runs: readonly ArmedRun[];
  before: MonitorStatus | undefined;
  observedBy: string;
  heard: Heard;
  crossings: Pick<CrossingMemory, 'latched' | 'newest'>;
  now: number;
};
