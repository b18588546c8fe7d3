/** Agents on which a subscription rested, and which were silent for so long that they are forgotten: their silence is not quiet. */
import type { LedgerAgent } from '../../sflow/account/agent-ledger.ts';

export type AwaitedAgent = { agent: string; lastDatagramMs: number; leftMs: number };

/** By the agent's key. At most 64: while one is awaited nothing is quiet, so more of them change nothing but who must be heard again. */
export type AwaitedAgents = Map<string, AwaitedAgent>;

const mostAwaited = 64;
/** A node that was taken away for good must not block its monitors for ever. */
const awaitedForMs = 86_400_000;

export function awaitAgent(awaited: AwaitedAgents, { key, agent, lastDatagramMs }: LedgerAgent, nowMs: number): void {
  awaited.set(key, { agent, lastDatagramMs, leftMs: nowMs });
  const [oldest] = awaited.keys();
  if (awaited.size > mostAwaited && oldest !== undefined) awaited.delete(oldest);
}

/**
 * @param sinceMs only those that have left since
 * @returns empty where none is awaited
 */
export function describeAwaited(awaited: AwaitedAgents, nowMs: number, sinceMs = -Infinity): string {
  const still = [...awaited.values()].filter(({ leftMs }) => leftMs >= sinceMs && nowMs - leftMs < awaitedForMs);
  const [first] = still;
  if (first === undefined) return '';
  const others = still.length > 1 ? ` and ${String(still.length - 1)} more` : '';
  const silent = `agent ${first.agent}${others}, whose samples belonged to the flows, is silent for ${((nowMs - first.lastDatagramMs) / 60_000).toFixed(0)} minutes`;
  return `${silent}; it is awaited for a day: look whether it still runs and reaches the collector, or edit the flows where it is gone for good`;
}
