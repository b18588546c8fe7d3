/** After a datagram: what it changed goes to the thresholds, and what they say comes out. */
import type { ThresholdEvent } from '../../detect/watch.ts';
import { idOfFlow, quietInterval, type TableChange } from '../../flows/table.ts';
import type { NetworkCrossing, WatchedThreshold } from '../../network-observer.ts';
import type { LedgerAgent } from '../../sflow/account/agent-ledger.ts';
import type { ArmedThreshold } from './armed-threshold.ts';
import type { RunningFlow } from './running-flow.ts';
import type { RunningSubscription } from './running-subscription.ts';

/** Makes a crossing of an event: what is the engine's own to say of it. */
export type Crossed = (event: Omit<NetworkCrossing, 'eventId' | 'observerStartedAt'>) => NetworkCrossing;

export function settleDatagram(subscription: RunningSubscription, agent: LedgerAgent, crossed: Crossed): NetworkCrossing[] {
  let hasChanged = false;
  for (const running of subscription.runningFlows) {
    running.changes = running.table.end();
    if (running.changes.length > 0) hasChanged = true;
  }
  if (!hasChanged) return [];
  agent.isRelied = true;
  subscription.relied.add(agent);
  return judge(subscription, agent, (_threshold, { changes }) => changes, crossed);
}

/**
 * Of sources that had nothing sampled in the agent's last datagram, only that time has passed; what is below a threshold is found so. For one that had, it
 * adds nothing. Where datagrams are missing since it was done last, the time counts for nothing.
 */
export function settleQuiet(subscription: RunningSubscription, agent: LedgerAgent, crossed: Crossed): NetworkCrossing[] {
  const { previousDatagramMs: fromMs, lastDatagramMs: toMs, missedSinceWeighed: lostDatagrams } = agent;
  const total = quietInterval({ fromMs, toMs, lostDatagrams });
  const quietOf = ({ changes }: RunningFlow): TableChange[] => {
    const sampled = new Set(changes.map(({ source }) => source));
    return [...agent.flowSources.values()]
      .filter(({ name }) => !sampled.has(name))
      .map(({ name }) => ({ source: name, flows: [], total, evicted: [] }));
  };
  return judge(subscription, agent, ({ condition }, running) => (condition === 'below' ? quietOf(running) : []), crossed);
}

function judge(
  { subscription: { id }, thresholds, armed }: RunningSubscription,
  agent: LedgerAgent,
  changesOf: (threshold: WatchedThreshold, running: RunningFlow) => readonly TableChange[],
  crossed: Crossed,
): NetworkCrossing[] {
  const crossings: NetworkCrossing[] = [];
  for (const { threshold, running, judged } of thresholds.values()) {
    if (judged === undefined) continue;
    for (const change of changesOf(threshold, running)) {
      for (const event of judged.observe(change)) {
        judged.lastCrossing = crossed(factsOf(event, running, { subscription: id, threshold: threshold.name }));
        crossings.push(judged.lastCrossing);
      }
    }
  }
  for (const one of armed) {
    for (const change of changesOf(one.threshold, one.running)) {
      const [event] = one.observe(change, agent.sinceMs);
      if (event === undefined || one.crossing !== undefined) continue;
      one.crossing = crossed(factsOf(event, one.running, namesOf(id, one)));
      crossings.push(one.crossing);
    }
  }
  return crossings;
}

const namesOf = (subscription: string, { threshold, run }: ArmedThreshold) => ({ subscription, threshold: threshold.name, run });

function factsOf(
  { source, flow, atMs, samples, limit }: ThresholdEvent,
  { table }: RunningFlow,
  names: { subscription: string; threshold: string; run?: string },
): Omit<NetworkCrossing, 'eventId' | 'observerStartedAt'> {
  const { agent, dataSource } = partsOfSource(source);
  const value =
    flow === undefined
      ? table.totals(atMs).find((total) => total.source === source)?.value
      : table.valueOf(idOfFlow(source, flow), atMs);
  const errorPercent = 196 * Math.sqrt(1 / Math.max(1, samples));
  return { ...names, flow, value: value ?? 0, limit, agent, dataSource, samples, errorPercent, at: atMs };
}

/** Of the name of a source: the ledger of agents makes it of these. */
export function partsOfSource(source: string): { agent: string; subAgent: string; dataSource: string } {
  const [agent = '', subAgent = '', dataSource = ''] = source.split(' ');
  return { agent, subAgent, dataSource };
}
