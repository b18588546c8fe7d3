import type { ReadinessReason } from './readiness.ts';

/** Everything that the readiness of a node's agent depends on. */
export type AgentReadinessFacts = {
  storeRead: boolean;
  /** How long the API server has not answered; undefined while it does. */
  serverAwayMs: number | undefined;
  residue: number;
};

/** @param facts undefined until the agent's first sweep is over */
export function agentReadinessOf(facts: AgentReadinessFacts | undefined): ReadinessReason[] {
  if (facts === undefined) {
    return [{ reason: 'NotSwept', message: 'what a former life of this agent may have left has not been looked for yet' }];
  }
  const { storeRead, serverAwayMs, residue } = facts;
  const reasons: ReadinessReason[] = [];
  if (!storeRead) reasons.push({ reason: 'StoreNotRead', message: "this node's tasks are still being read" });
  if (serverAwayMs !== undefined) {
    const seconds = String(Math.round(serverAwayMs / 1000));
    reasons.push({ reason: 'StoreSilent', message: `the API server has not answered for ${seconds} s` });
  }
  if (residue > 0) {
    const message = `${String(residue)} things that no run owns are still in a kernel; they are tried again and again`;
    reasons.push({ reason: 'ResidueLeft', message });
  }
  return reasons;
}
