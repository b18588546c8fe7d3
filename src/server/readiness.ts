/** Everything that readiness depends on; ages in milliseconds. */
export type ReadinessFacts = {
  /** Whether what is in the store has been read once. */
  storeRead: boolean;
  /** Whether the folder has been brought into the store once. */
  folderLoaded: boolean;
  /** Absent: this node's agent has never reported. */
  agent?: { heartbeatAgeMs: number; residue: number };
};

export type ReadinessReason = {
  reason:
    | 'StoreNotRead'
    | 'StoreSilent'
    | 'FolderNotLoaded'
    | 'AgentSilent'
    | 'NotSwept'
    | 'ResidueLeft'
    | 'StandingBy'
    | 'CollectorNotOpen';
  message: string;
};

/** An agent reports every 10 seconds; after three reports that did not come it is taken for gone. */
export const longestSilenceMs = 35_000;

/** Why a new run would not start, or would not be safe to start; empty when everything is ready. */
export function readinessOf({ storeRead, folderLoaded, agent }: ReadinessFacts): ReadinessReason[] {
  const reasons: ReadinessReason[] = [];
  if (!storeRead) reasons.push({ reason: 'StoreNotRead', message: 'the objects in the store are still being read' });
  if (!folderLoaded) reasons.push({ reason: 'FolderNotLoaded', message: 'the folder is not in the store yet' });
  if (agent === undefined) {
    reasons.push({ reason: 'AgentSilent', message: "this node's agent has not reported yet" });
  } else if (agent.heartbeatAgeMs > longestSilenceMs) {
    const seconds = Math.round(agent.heartbeatAgeMs / 1000);
    reasons.push({ reason: 'AgentSilent', message: `this node's agent reported last ${String(seconds)} s ago` });
  } else if (agent.residue > 0) {
    const message = `${String(agent.residue)} things that no run owns are still in a kernel; they are tried again and again`;
    reasons.push({ reason: 'ResidueLeft', message });
  }
  return reasons;
}
