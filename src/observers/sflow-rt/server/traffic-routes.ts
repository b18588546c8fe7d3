/** What was seen: agents, metrics, and the largest flows. */
import { SquallError } from '../../../lib/index.ts';
import { flowKeyNames } from '../../flows/fields.ts';
import type { AgentView } from '../../network-observer.ts';
import { shown } from '../attributes.ts';
import type { ActiveFlow, SflowRtCollector } from '../collector-port.ts';
import { jsonAnswer } from './answer.ts';
import { type Definitions, restSubscription } from './definitions.ts';
import { listIn, numberIn } from './query.ts';
import type { Route } from './route.ts';

const mostFlows = 1000;

export function trafficRoutes(collector: SflowRtCollector, definitions: Definitions, now: () => number): Route[] {
  function known(flow: string): string {
    if (definitions.flows().has(flow)) return flow;
    throw new SquallError('NotFound', `there is no flow ${shown(flow)}; only metrics of flows are served`);
  }

  /** Largest first. */
  async function activeFlows(agents: string, flow: string, query: { most: number; least: number; mode: 'max' | 'sum' }) {
    const wanted = agents === 'ALL' ? [undefined] : listIn('agent', agents, ';');
    const ofEach = await Promise.all(
      wanted.map((agent) => collector.activeFlows({ id: restSubscription, flow, agent, ...query })),
    );
    return wanted.length === 1 ? (ofEach[0] ?? []) : oneOfEachKey(ofEach.flat(), query.mode).slice(0, query.most);
  }

  async function metric(agents: string, written: string): Promise<object> {
    const name = written.replace(/^max:/, '');
    const { flow, dataSource } = readMetric(name, definitions);
    // Flows of a data source are found among all of them.
    const most = dataSource === undefined ? (definitions.flows().get(known(flow))?.watched.top ?? 0) : mostFlows;
    const all = await activeFlows(agents, known(flow), { most, least: 0, mode: 'max' });
    const flows = all.filter((one) => dataSource === undefined || one.dataSource === dataSource);
    const [largest] = flows;
    if (largest === undefined) return { metricName: name, metricValue: 0, topKeys: [] };
    const heard = (await collector.agents()).filter(({ agent }) => agent === largest.agent);
    return {
      agent: largest.agent,
      dataSource: largest.dataSource,
      metricName: name,
      metricValue: largest.value,
      lastUpdate: silenceOf(heard, now()),
      topKeys: flows.slice(0, definitions.flows().get(flow)?.watched.top).map(({ key, value }) => ({ key, value })),
    };
  }

  return [
    {
      pattern: '/agents/json',
      query: ['agent'],
      methods: { GET: async ({ query }) => jsonAnswer(agentsJson(await collector.agents(), query.getAll('agent'), now())) },
    },
    // Which keys packets had is not kept: these are the ones that are understood.
    { pattern: '/flowkeys/json', methods: { GET: () => jsonAnswer(Object.fromEntries(flowKeyNames.map((key) => [key, null]))) } },
    {
      pattern: '/metrics/json',
      methods: {
        GET: async () => {
          const [view, agents] = await Promise.all([collector.view(restSubscription), collector.agents()]);
          const active = view?.flows.filter(({ size }) => size > 0) ?? [];
          return jsonAnswer(Object.fromEntries(active.map(({ name }) => [name, silenceOf(agents, now())])));
        },
      },
    },
    {
      pattern: '/metric/*/*/json',
      methods: {
        GET: async ({ parts: [agents = '', metrics = ''] }) =>
          jsonAnswer(await Promise.all(listIn('metric', metrics, ',').map((written) => metric(agents, written)))),
      },
    },
    {
      pattern: '/activeflows/*/*/json',
      query: ['maxFlows', 'minValue', 'aggMode'],
      methods: {
        GET: async ({ parts: [agents = '', flow = ''], query }) => {
          const most = numberIn(query, 'maxFlows', { atLeast: 1, atMost: mostFlows, whole: true, otherwise: 100 });
          const least = numberIn(query, 'minValue', { atLeast: 0, atMost: Number.MAX_VALUE, otherwise: 0 });
          return jsonAnswer(await activeFlows(agents, known(flow), { most, least, mode: readMode(query) }));
        },
      },
    },
  ];
}

function readMode(query: URLSearchParams): 'max' | 'sum' {
  const mode = query.get('aggMode') ?? 'max';
  if (mode === 'max' || mode === 'sum') return mode;
  throw new SquallError('InvalidInput', `query aggMode ${shown(mode)}: expected max or sum`);
}

/** `flow`, or `dataSource.flow`. Names of flows may have dots themselves. */
function readMetric(name: string, definitions: Definitions): { flow: string; dataSource?: string } {
  if (definitions.flows().has(name)) return { flow: name };
  const dot = name.indexOf('.');
  return dot < 1 ? { flow: name } : { flow: name.slice(dot + 1), dataSource: name.slice(0, dot) };
}

/** Several agents may see the same flow. */
function oneOfEachKey(flows: readonly ActiveFlow[], mode: 'max' | 'sum'): ActiveFlow[] {
  const byKey = new Map<string, ActiveFlow>();
  for (const flow of flows) {
    const before = byKey.get(flow.key);
    const larger = before === undefined || flow.value > before.value ? flow : before;
    const value = mode === 'sum' ? (before?.value ?? 0) + flow.value : larger.value;
    byKey.set(flow.key, { ...larger, value });
  }
  return [...byKey.values()].sort((a, b) => b.value - a.value);
}

/** Milliseconds since the last datagram of any of them. */
function silenceOf(agents: readonly AgentView[], nowMs: number): number {
  return Math.max(0, nowMs - Math.max(0, ...agents.map(({ lastDatagramAt }) => lastDatagramAt)));
}

/** By address; sub-agents of one agent together, as sFlow-RT shows them. */
function agentsJson(agents: readonly AgentView[], wanted: readonly string[], nowMs: number): object {
  const byAddress = Map.groupBy(
    agents.filter(({ agent }) => wanted.length === 0 || wanted.includes(agent)),
    ({ agent }) => agent,
  );
  const sum = (some: readonly AgentView[], read: (one: AgentView) => number) => some.reduce((total, one) => total + read(one), 0);
  return Object.fromEntries(
    [...byAddress].map(([address, some]) => [
      address,
      {
        sFlowDatagramsReceived: sum(some, ({ datagrams }) => datagrams),
        sFlowDatagramsLost: sum(some, ({ lost }) => lost),
        sFlowDatagramsOutOfOrder: sum(some, ({ late }) => late),
        lastSeen: silenceOf(some, nowMs),
      },
    ]),
  );
}
