/** A collector that sees what the test says. */
import type { AgentView, NetworkCrossing, Subscription, SubscriptionView } from '../../../src/observers/index.ts';
import type { ActiveFlowsQuery, SflowRtActiveFlow, SflowRtCollector } from '../../../src/observers/sflow-rt/index.ts';

export type FakeCollector = SflowRtCollector & {
  /** As put, by id. */
  subscriptions: Map<string, Subscription>;
  queries: ActiveFlowsQuery[];
  seen: { agents: AgentView[]; flows: SflowRtActiveFlow[]; now: number };
  /** The next put fails with it. */
  refuse: (error: Error) => void;
  cross: (crossing: Partial<NetworkCrossing> & { threshold: string }) => void;
};

export function agentView(agent: string, view: Partial<AgentView> = {}): AgentView {
  return {
    agent,
    subAgent: 0,
    datagrams: 10,
    datagramsPerSecond: 1,
    samplesPerSecond: 7,
    lost: 0,
    late: 0,
    restarts: 0,
    malformed: 0,
    sampleDrops: 0,
    signal: 'good',
    lastDatagramAt: 0,
    pollingMs: 30_000,
    ...view,
  };
}

export function createFakeCollector(): FakeCollector {
  const listeners = new Set<(crossing: NetworkCrossing) => void>();
  let refusal: Error | undefined;
  let eventId = 1000;
  const collector: FakeCollector = {
    subscriptions: new Map(),
    queries: [],
    seen: { agents: [], flows: [], now: 0 },
    refuse: (error) => {
      refusal = error;
    },
    cross: (crossing) => {
      eventId += 7;
      const whole: NetworkCrossing = {
        subscription: 'rest',
        flow: '10.0.0.1,10.0.0.2',
        value: 250.5,
        limit: 100,
        agent: '10.0.0.9',
        dataSource: '22',
        samples: 40,
        errorPercent: 31,
        eventId,
        observerStartedAt: 1,
        at: 1_700_000_000_000 + eventId,
        ...crossing,
      };
      for (const listener of listeners) listener(whole);
    },
    put: (subscription) => {
      const error = refusal;
      refusal = undefined;
      if (error !== undefined) return Promise.reject(error);
      collector.subscriptions.set(subscription.id, subscription);
      return Promise.resolve();
    },
    remove: (id) => {
      collector.subscriptions.delete(id);
      return Promise.resolve();
    },
    view: (id) => Promise.resolve(viewOf(collector, id)),
    onCrossing: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    agents: () => Promise.resolve(collector.seen.agents),
    activeFlows: (query) => {
      collector.queries.push(query);
      const found = collector.seen.flows.filter(
        ({ agent, value }) => (query.agent === undefined || agent === query.agent) && value >= query.least,
      );
      return Promise.resolve(found.toSorted((a, b) => b.value - a.value).slice(0, query.most));
    },
  };
  return collector;
}

function viewOf({ subscriptions, seen }: FakeCollector, id: string): SubscriptionView | undefined {
  const subscription = subscriptions.get(id);
  if (subscription === undefined) return undefined;
  const flows = subscription.flows.map(({ name, top }) => ({ name, top: seen.flows.slice(0, top), size: seen.flows.length }));
  return { at: seen.now, agents: seen.agents, flows, thresholds: [], armings: [], traffic: [] };
}
