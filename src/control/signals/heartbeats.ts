import { mostHeartbeatSilenceMs } from '../../api/index.ts';
import type { Clock } from '../../lib/index.ts';
import type { Stored } from '../../store/index.ts';
import type { MonitorObject } from '../resources.ts';

/** `silentMs`: since the newest heartbeat was seen. Until one was seen to come, a status may be what somebody long gone has left. */
export type Liveness = { silentMs: number; isProven: boolean };

export type Heartbeats = {
  see(monitor: Stored<MonitorObject>): void;
  forget(monitor: Stored<MonitorObject>): void;
  /** Undefined of a monitor that nobody has observed yet. */
  of(monitor: Stored<MonitorObject>): Liveness | undefined;
};

/**
 * When this process saw the heartbeats of monitors change. Clocks of two machines may differ by more than a heartbeat may be late, so what
 * another clock says counts only of the first that is seen, and only where both clocks agree on it.
 */
export function createHeartbeats({ now, monotonic }: Pick<Clock, 'now' | 'monotonic'>): Heartbeats {
  const known = new Map<string, { heartbeatAt: string; seenAt: number; isProven: boolean }>();
  return {
    see({ metadata: { uid }, status }) {
      if (status === undefined) return;
      const { heartbeatAt } = status;
      const before = known.get(uid);
      if (before?.heartbeatAt === heartbeatAt) return;
      const ageMs = now() - Date.parse(heartbeatAt);
      const isFresh = Math.abs(ageMs) <= mostHeartbeatSilenceMs;
      const agedMs = before === undefined && isFresh ? Math.max(0, ageMs) : 0;
      known.set(uid, { heartbeatAt, seenAt: monotonic() - agedMs, isProven: before !== undefined || isFresh });
    },
    forget({ metadata: { uid } }) {
      known.delete(uid);
    },
    of({ metadata: { uid } }) {
      const seen = known.get(uid);
      return seen && { silentMs: monotonic() - seen.seenAt, isProven: seen.isProven };
    },
  };
}
