/** What a NetworkMonitor's status says, from what its observer has said. Pure. */
import type {
  Condition,
  MonitoredAgent,
  MonitoredFlow,
  MonitoredThreshold,
  MonitorStatus,
  Refused,
  SignalState,
} from '../../api/index.ts';
import { firstFew, formatInstant } from '../../lib/index.ts';
import type { AgentView, SubscriptionView } from '../../observers/index.ts';
import { condition, type ConditionFact } from '../conditions.ts';
import type { ArmedRun } from './armed-runs.ts';
import { bounds, counted, cut, rounded } from './bounded.ts';
import type { Heard, MonitorFacts } from './facts.ts';
import { armedOf, thresholdsOf } from './status-thresholds.ts';
import { trafficLeftOut, trafficOf } from './status-traffic.ts';
import { armedEntries, mostArmed } from './subscription.ts';

/** From best to worst: what is not heard is worse than what is known to be too much, and not to know is worse than quiet. */
const fromBest = ['quiet', 'waiting', 'undecidable', 'firing', 'lost'] as const satisfies readonly SignalState[];

export function worstOf(states: readonly SignalState[]): SignalState | undefined {
  return fromBest.findLast((state) => states.includes(state));
}

export function statusOf(facts: MonitorFacts): MonitorStatus {
  const { heard, before, generation, now } = facts;
  const view = heard.heard === 'view' ? heard.view : undefined;
  const thresholds = thresholdsOf(facts);
  const { state, message } = summaryOf(heard, thresholds);
  const agents = view?.agents ?? [];
  return {
    observedGeneration: generation,
    observedBy: cut(facts.observedBy),
    heartbeatAt: heartbeatOf(heard, before),
    state,
    message: cut(
      [message, ...notArmed(facts.runs), ...notShown(facts)].filter((text) => text !== '').join('; '),
      2 * bounds.text,
    ),
    agentCount: agents.length,
    agents: agentsOf(agents),
    ...(view?.refused === undefined ? {} : { refused: refusedOf(view.refused) }),
    flows: flowsOf(view?.flows ?? []),
    thresholds,
    armed: armedOf(facts),
    traffic: trafficOf(facts),
    conditions: [acceptance(facts), observation(heard, state, message)].map((fact) =>
      condition(fact, before?.conditions ?? [], generation, now),
    ),
  };
}

/** Where nobody answers it stays where it was: it never advances in silence. 1970, where nobody ever did. */
function heartbeatOf(heard: Heard, before: MonitorStatus | undefined): string {
  switch (heard.heard) {
    case 'view':
      return formatInstant(heard.view.at);
    case 'refusal':
      return formatInstant(heard.at);
    case 'silence':
      return before?.heartbeatAt ?? formatInstant(0);
  }
}

function summaryOf(heard: Heard, thresholds: readonly MonitoredThreshold[]): { state: SignalState; message: string } {
  if (heard.heard === 'silence') return { state: 'lost', message: cut(heard.message) };
  if (heard.heard === 'refusal') return { state: 'undecidable', message: cut(heard.message) };
  const state = worstOf(thresholds.map((one) => one.state));
  if (state === undefined) return stateOfAgents(heard.view.agents);
  const told = thresholds.filter((one) => one.state === state && one.message !== '');
  const texts = told.map(({ name, message }) => `${name}: ${message}`);
  // A threshold that lost its agent says so; that an agent of none is lost is not for the monitor to say.
  return { state, message: cut(firstFew(texts, '; ')) };
}

/** Of a monitor without thresholds. */
function stateOfAgents(agents: readonly AgentView[]): { state: SignalState; message: string } {
  if (agents.length === 0) return { state: 'waiting', message: 'no agent has sent a datagram yet' };
  const lost = agents.filter(({ signal }) => signal === 'lost').map(({ agent }) => agent);
  if (lost.length > 0) return { state: 'lost', message: cut(`nothing is heard any more of ${firstFew(lost)}`) };
  return { state: 'quiet', message: '' };
}

function notArmed(runs: readonly ArmedRun[]): string[] {
  const { left } = armedEntries(runs);
  if (left.length === 0) return [];
  return [`runs that are not armed, as at most ${String(mostArmed)} thresholds are: ${firstFew(left.map(({ name }) => name))}`];
}

function notShown(facts: MonitorFacts): string[] {
  const left = trafficLeftOut(facts);
  if (left.length === 0) return [];
  const most = `at most ${String(bounds.trafficRuns)} are`;
  return [`runs whose traffic is not shown, as ${most}: ${firstFew(left)}`];
}

function agentsOf(agents: readonly AgentView[]): MonitoredAgent[] {
  const most = [...agents].sort((one, other) => other.datagrams - one.datagrams).slice(0, bounds.agents);
  return most.map((one) => ({
    ...{ agent: cut(one.agent, bounds.source), subAgent: counted(one.subAgent), datagrams: counted(one.datagrams) },
    ...{ datagramsPerSecond: rounded(one.datagramsPerSecond), samplesPerSecond: rounded(one.samplesPerSecond) },
    ...{ lost: counted(one.lost), sampleDrops: counted(one.sampleDrops), restarts: counted(one.restarts) },
    ...{ signal: one.signal, lastDatagramAt: formatInstant(one.lastDatagramAt) },
    ...(one.samplingRate === undefined ? {} : { samplingRate: counted(one.samplingRate) }),
  }));
}

function refusedOf(refused: readonly Refused[]): Refused[] {
  return refused.slice(0, bounds.reasons).map(({ reason, count }) => ({ reason: cut(reason), count: counted(count) }));
}

/** Of many flows fewer keys each. */
function flowsOf(flows: SubscriptionView['flows']): MonitoredFlow[] {
  const mostEach = Math.min(bounds.topKeys, Math.max(1, Math.floor(bounds.allTopKeys / Math.max(1, flows.length))));
  return flows.slice(0, bounds.allTopKeys).map(({ name, top }) => ({
    name: cut(name),
    topKeys: top.slice(0, mostEach).map(({ key, value }) => ({ key: cut(key, bounds.flow), value: rounded(value) })),
  }));
}

function acceptance({ heard, before, generation }: MonitorFacts): ConditionFact {
  const accepted: ConditionFact = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };
  switch (heard.heard) {
    case 'view':
      return accepted;
    case 'refusal':
      return { type: 'Accepted', status: 'False', reason: 'InvalidInput', message: cut(heard.message, 4 * bounds.text) };
    case 'silence':
      if (heard.accepted || (before?.observedGeneration === generation && wasAccepted(before.conditions))) return accepted;
      return { type: 'Accepted', status: 'Unknown', reason: 'NoAnswer', message: '' };
  }
}

function wasAccepted(conditions: readonly Condition[]): boolean {
  return conditions.some(({ type, status }) => type === 'Accepted' && status === 'True');
}

function observation({ heard }: Heard, state: SignalState, message: string): ConditionFact {
  const type = 'Observed';
  if (heard === 'refusal') return { type, status: 'False', reason: 'NotAccepted', message: '' };
  if (state === 'lost') return { type, status: 'False', reason: 'SignalLost', message };
  return { type, status: 'True', reason: 'ObserverAnswers', message: '' };
}
