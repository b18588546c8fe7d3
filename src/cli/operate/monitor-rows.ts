/** What monitors say, for whoever looks at the status. Pure. */
import { mostHeartbeatSilenceMs, type SignalState } from '../../api/index.ts';
import type { MonitorObject } from '../../control/index.ts';
import { formatSpan } from '../../report/index.ts';

export type MonitorRow = {
  namespace: string;
  name: string;
  /** What its status says, unless nobody writes that any more: then `lost`, whatever it says. */
  state: SignalState;
  message: string;
  /** Since the observer wrote last, by two clocks where it is on another machine; absent where it never did. */
  heartbeatAgeMs?: number;
  agents: number;
  /** Names of the thresholds that are crossed. */
  firing: string[];
  /** How many thresholds wait to abort a run. */
  armed: number;
};

const unobserved = 'nobody has said yet what it sees: squall serve or squall observer does';

/** @param now milliseconds since 1970 */
export function monitorRow({ metadata, status }: MonitorObject, now: number): MonitorRow {
  const named = { namespace: metadata.namespace ?? 'default', name: metadata.name };
  if (status === undefined) return { ...named, state: 'lost', message: unobserved, agents: 0, firing: [], armed: 0 };
  const heardAt = Date.parse(status.heartbeatAt);
  const heartbeatAgeMs = Math.max(0, now - heardAt);
  const isSilent = heartbeatAgeMs > mostHeartbeatSilenceMs;
  return {
    ...named,
    state: isSilent ? 'lost' : status.state,
    // Whoever could not hear anything has said why.
    message: isSilent && status.state !== 'lost' ? 'whoever observed it says nothing any more' : status.message,
    ...(heardAt === 0 ? {} : { heartbeatAgeMs }),
    agents: status.agentCount,
    firing: status.thresholds.filter(({ state }) => state === 'firing').map(({ name }) => name),
    armed: status.armed.length,
  };
}

export const monitorHeader = ['NAME', 'STATE', 'AGENTS', 'FIRING', 'ARMED', 'HEARTBEAT', 'MESSAGE'];

export function monitorCells({ namespace, name, state, message, heartbeatAgeMs, agents, firing, armed }: MonitorRow): string[] {
  return [
    `${namespace}/${name}`,
    state,
    String(agents),
    firing.join(',') || '-',
    String(armed),
    heartbeatAgeMs === undefined ? '-' : formatSpan(heartbeatAgeMs),
    message || '-',
  ];
}

/** Without what changes by the clock alone. */
export function monitorLine({ namespace, name, state, message, firing }: MonitorRow): string {
  const crossed = firing.length === 0 ? '' : `, firing ${firing.join(',')}`;
  return `monitor ${namespace}/${name} ${state}${crossed}${message === '' ? '' : `: ${message}`}`;
}
