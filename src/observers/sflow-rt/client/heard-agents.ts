/** The agents that an sFlow-RT hears. Where it hears none, its values of 0 say nothing; one that it has forgotten is silent, not quiet. */
import { lostAfterMs, usualPollingMs } from '../../detect/signal.ts';
import type { AgentView } from '../../network-observer.ts';
import type { ReadAgent } from './answers.ts';
import type { Surroundings } from './watched-threshold.ts';

export type HeardAgents = { views: readonly AgentView[]; atMs: number };

/** Agents that the flows or events of a monitor came from: the only ones whose silence says something of it. */
export type ReliedAgents = { add: (agents: Iterable<string>) => void; has: (agent: string) => boolean; clear: () => void };

export const noAgents: HeardAgents = { views: [], atMs: 0 };

/** After so long without a datagram an agent is taken to be gone for good, not lost. */
const forgottenAfterMs = 600_000;
const mostAgents = 4096;

export function hear(before: HeardAgents, read: readonly ReadAgent[], nowMs: number): HeardAgents {
  const known = new Map(before.views.map((view) => [view.agent, view]));
  const seconds = (nowMs - before.atMs) / 1000;
  const listed = read.map((agent) => viewOf(agent, known.get(agent.agent), seconds, nowMs));
  const names = new Set(read.map(({ agent }) => agent));
  const missing = before.views
    .filter(({ agent, lastDatagramAt }) => !names.has(agent) && nowMs - lastDatagramAt < forgottenAfterMs)
    .map((view): AgentView => ({ ...view, datagramsPerSecond: 0, samplesPerSecond: 0, signal: 'lost' }));
  return { views: [...listed, ...missing].slice(0, mostAgents), atMs: nowMs };
}

export function createReliedAgents(): ReliedAgents {
  const names = new Set<string>();
  return {
    add: (agents) => {
      for (const agent of agents) if (names.size < mostAgents) names.add(agent);
    },
    has: (agent) => names.has(agent),
    clear: () => {
      names.clear();
    },
  };
}

function viewOf(
  { agent, received, lost, silentMs }: ReadAgent,
  before: AgentView | undefined,
  seconds: number,
  nowMs: number,
): AgentView {
  const hasRestarted = before !== undefined && received < before.datagrams;
  const datagramsSince = before === undefined || hasRestarted ? 0 : received - before.datagrams;
  return {
    agent,
    subAgent: 0,
    datagrams: received,
    datagramsPerSecond: seconds > 0 ? datagramsSince / seconds : 0,
    // sFlow-RT does not say the rest in a way that is documented.
    samplesPerSecond: 0,
    lost,
    late: 0,
    restarts: 0,
    malformed: 0,
    sampleDrops: 0,
    signal: silentMs > lostAfterMs(usualPollingMs) ? 'lost' : 'good',
    lastDatagramAt: nowMs - silentMs,
    pollingMs: usualPollingMs,
  };
}

/** Where nothing is known of which agents see the flows, an sFlow-RT that still hears one of its agents is believed. */
export function troubleOfAgents({ views }: HeardAgents, relied: Pick<ReliedAgents, 'has'>): Surroundings['agents'] {
  if (views.length === 0) return { state: 'waiting', message: 'sFlow-RT has not heard any agent' };
  const ours = views.filter(({ agent }) => relied.has(agent));
  const isSilent = ({ signal }: AgentView): boolean => signal === 'lost';
  const silent = ours.length > 0 ? ours.filter(isSilent) : views.every(isSilent) ? views : [];
  if (silent.length === 0) return undefined;
  const names = silent.slice(0, 5).map(({ agent }) => agent);
  return { state: 'lost', message: `sFlow-RT no longer hears ${names.join(', ')}` };
}
