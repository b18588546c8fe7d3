/** The flows and thresholds of the clients, which together are one subscription of the collector. They live as long as the server. */
import { SquallError } from '../../../lib/index.ts';
import { usualLimits } from '../../collector/engine/limits.ts';
import type { Subscription } from '../../network-observer.ts';
import type { SflowRtCollector } from '../collector-port.ts';
import type { DefinedFlow } from './flow-attributes.ts';
import type { DefinedThreshold } from './threshold-attributes.ts';

export const restSubscription = 'rest';
/** What the collector takes of one subscription, which all of them are together. */
const mostOfAKind = usualLimits.ofSubscription;

type Defined = { flows: ReadonlyMap<string, DefinedFlow>; thresholds: ReadonlyMap<string, DefinedThreshold> };
type Kind = keyof Defined;

export type Definitions = {
  flows: () => Defined['flows'];
  thresholds: () => Defined['thresholds'];
  /** Of a threshold, also while its definition is on its way to the collector. */
  metricOf: (threshold: string) => string | undefined;
  /** Resolves when the collector has it. @throws InvalidInput of what the collector refuses; then all is as it was before */
  putFlow: (flow: DefinedFlow) => Promise<void>;
  putThreshold: (threshold: DefinedThreshold) => Promise<void>;
  /** @throws NotFound */
  remove: (kind: Kind, name: string) => Promise<void>;
};

/** A threshold of a flow that is not defined yet is kept and takes part once the flow is there, as clients may put them in any order. */
function subscriptionOf({ flows, thresholds }: Defined): Subscription {
  const byName = <Item extends { name: string }>(items: Item[]) => items.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    id: restSubscription,
    flows: byName([...flows.values()].map(({ watched }) => watched)),
    thresholds: byName([...thresholds.values()].map(({ watched }) => watched).filter(({ flow }) => flows.has(flow))),
    armings: [],
  };
}

export function createDefinitions(collector: Pick<SflowRtCollector, 'put' | 'remove'>): Definitions {
  let current: Defined = { flows: new Map(), thresholds: new Map() };
  let coming: Defined = current;
  let turn: Promise<unknown> = Promise.resolve();

  /** One change after the other, so that the collector gets them in their order; what it refuses was never there. */
  function change(make: (before: Defined) => Defined): Promise<void> {
    const done = turn.then(async () => {
      const next = make(current);
      coming = next;
      try {
        if (next.flows.size === 0) await collector.remove(restSubscription);
        else await collector.put(subscriptionOf(next));
        current = next;
      } finally {
        coming = current;
      }
    });
    turn = done.catch(() => undefined);
    return done;
  }

  function roomFor(kind: Kind, name: string, before: Defined): void {
    if (before[kind].has(name) || before[kind].size < mostOfAKind) return;
    throw new SquallError(
      'InvalidInput',
      `${kind} '${name}': expected at most ${String(mostOfAKind)} ${kind} of all clients of the REST API; delete some`,
    );
  }

  return {
    flows: () => current.flows,
    thresholds: () => current.thresholds,
    metricOf: (name) => (coming.thresholds.get(name) ?? current.thresholds.get(name))?.watched.flow,
    putFlow: (flow) =>
      change((before) => {
        roomFor('flows', flow.watched.name, before);
        return { ...before, flows: new Map(before.flows).set(flow.watched.name, flow) };
      }),
    putThreshold: (threshold) =>
      change((before) => {
        roomFor('thresholds', threshold.watched.name, before);
        return { ...before, thresholds: new Map(before.thresholds).set(threshold.watched.name, threshold) };
      }),
    remove: (kind, name) =>
      change((before) => {
        const left = new Map<string, DefinedFlow | DefinedThreshold>(before[kind]);
        if (!left.delete(name)) throw new SquallError('NotFound', `there is no ${kind.slice(0, -1)} '${name}'`);
        return { ...before, [kind]: left };
      }),
  };
}
