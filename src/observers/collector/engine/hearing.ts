/** What is heard of the agents, for those who rest on it. */
import { isSilent, signalOf } from '../../detect/signal.ts';
import type { AgentView } from '../../network-observer.ts';
import type { LedgerAgent } from '../../sflow/account/agent-ledger.ts';
import { pollingOf } from '../../sflow/account/polling.ts';
import type { EngineLimits } from './limits.ts';
import type { Hearing } from './signal-state.ts';

/** The largest of its data sources; undefined before the first sample that could be used. */
export function samplingRateOf({ flowSources }: LedgerAgent): number | undefined {
  let largest: number | undefined;
  for (const { samplingRate } of flowSources.values()) {
    if (samplingRate !== undefined && samplingRate > (largest ?? 0)) largest = samplingRate;
  }
  return largest;
}

export function agentView(agent: LedgerAgent, nowMs: number): AgentView {
  const { received, missing, datagramsPerSecond, samplesPerSecond } = agent.recent.view(nowMs);
  const { lastDatagramMs } = agent;
  const pollingMs = pollingOf(agent);
  return {
    agent: agent.agent,
    subAgent: agent.subAgent,
    datagrams: agent.datagrams,
    datagramsPerSecond,
    samplesPerSecond,
    lost: agent.lost,
    late: agent.late,
    restarts: agent.restarts,
    malformed: agent.malformed,
    sampleDrops: agent.sampleDrops,
    signal: signalOf({ lastDatagramMs, pollingMs, received, missing }, nowMs),
    lastDatagramAt: lastDatagramMs,
    pollingMs,
    samplingRate: samplingRateOf(agent),
  };
}

/** Those that are lost first, then those of the most datagrams. */
export function agentViews(agents: Iterable<LedgerAgent>, nowMs: number, limits: EngineLimits): AgentView[] {
  const isLost = ({ signal }: AgentView): number => (signal === 'lost' ? 1 : 0);
  return Array.from(agents, (agent) => agentView(agent, nowMs))
    .sort((one, other) => isLost(other) - isLost(one) || other.datagrams - one.datagrams)
    .slice(0, limits.agentsInView);
}

export type Heard = Hearing & {
  /** The largest of those that are rested on; times what was sent over what came of late, as a packet counts that much less often. */
  samplingRate: number | undefined;
};

/**
 * @param relied agents of which samples belonged to a flow of the subscription: the silence of one is enough. Where there are none yet, all that send samples
 *   must be silent, as nobody knows who would have seen it.
 */
export function hearingOf(agents: Iterable<LedgerAgent>, relied: ReadonlySet<LedgerAgent>, nowMs: number): Heard {
  const sampling = [...agents].filter((agent) => samplingRateOf(agent) !== undefined);
  const judged = (relied.size > 0 ? [...relied] : sampling).map((agent) => ({
    ...agent.recent.view(nowMs),
    view: agentView(agent, nowMs),
  }));
  const lost = judged.filter(({ view }) => view.signal === 'lost');
  const isLost = relied.size > 0 ? lost.length > 0 : lost.length > 0 && lost.length === judged.length;
  const rates = judged.flatMap(({ view, received, missing }) =>
    view.samplingRate === undefined ? [] : Math.ceil((view.samplingRate * (received + missing)) / Math.max(1, received)),
  );
  return {
    hasSamples: sampling.length > 0,
    lost: isLost ? whyLost(lost, nowMs) : '',
    degraded: lossOf(judged.filter(({ view }) => view.signal === 'degraded')),
    samplingRate: rates.length === 0 ? undefined : Math.max(...rates),
  };
}

type Judged = { view: AgentView; received: number; missing: number };

function whyLost(lost: readonly Judged[], nowMs: number): string {
  const silent = lost
    .map(({ view }) => view)
    .filter(({ lastDatagramAt: lastDatagramMs, pollingMs }) => isSilent({ lastDatagramMs, pollingMs }, nowMs));
  return silent.length > 0 ? silenceOf(silent, nowMs) : `${lossOf(lost)}; look at the way to the collector and at its limits`;
}

function silenceOf(lost: readonly AgentView[], nowMs: number): string {
  const [first] = lost;
  if (first === undefined) return '';
  const silent = `agent ${first.agent} is silent for ${seconds(nowMs - first.lastDatagramAt)}, where counters are due every ${seconds(first.pollingMs)}`;
  const others = lost.length > 1 ? `, and ${String(lost.length - 1)} more` : '';
  return `${silent}${others}; look whether it still runs and reaches the collector`;
}

function lossOf([first, ...others]: readonly Judged[]): string {
  if (first === undefined) return '';
  const percent = (100 * first.missing) / (first.received + first.missing);
  const more = others.length > 0 ? `, and of ${String(others.length)} more agents too many` : '';
  return `${percent.toFixed(0)} % of the datagrams of agent ${first.view.agent} are missing of late${more}: what is counted is too little`;
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
