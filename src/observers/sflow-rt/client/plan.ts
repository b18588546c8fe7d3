/** A subscription as it is watched: what must be defined, and what is known of each threshold. Decided purely. */
import type { Arming, Subscription } from '../../network-observer.ts';
import { type Definition, definitionsOf } from './definitions.ts';
import { nameInSflowRt } from './names.ts';
import { type ArmedThresholdState, startWatching, type WatchedState } from './watched-threshold.ts';

export type Plan = {
  subscription: Subscription;
  /** The same list as before where nothing in it changed. */
  definitions: readonly Definition[];
  /** By the monitor's names. */
  thresholds: ReadonlyMap<string, WatchedState>;
  armed: readonly ArmedThresholdState[];
};

export function emptyPlan(id: string): Plan {
  return { subscription: { id, flows: [], thresholds: [], armings: [] }, definitions: [], thresholds: new Map(), armed: [] };
}

/** What did not change goes on as it was. @throws InvalidInput */
export function planFor(subscription: Subscription, before: Plan, nowMs: number): Plan {
  const definitions = definitionsOf(subscription);
  const thresholds = new Map<string, WatchedState>();
  for (const threshold of subscription.thresholds) {
    const flow = flowOf(subscription, threshold.flow);
    const known = before.thresholds.get(threshold.name);
    const isSame =
      known !== undefined && isEqual(known.threshold, threshold) && isEqual(flowOf(before.subscription, threshold.flow), flow);
    const wireName = nameInSflowRt(subscription.id, threshold.name);
    thresholds.set(threshold.name, isSame ? known : startWatching(threshold, wireName, flow?.smoothingMs ?? 0, nowMs));
  }
  return {
    subscription,
    definitions: isEqual(definitions, before.definitions) ? before.definitions : definitions,
    thresholds,
    armed: armedBy(subscription.armings, before.armed, nowMs),
  };
}

function armedBy(armings: readonly Arming[], before: Plan['armed'], nowMs: number): ArmedThresholdState[] {
  return armings.flatMap(({ run, thresholds }) =>
    thresholds.map(
      (threshold) =>
        before.find((known) => known.run === run && known.threshold === threshold) ?? { run, threshold, armedAtMs: nowMs },
    ),
  );
}

function flowOf({ flows }: Subscription, name: string) {
  return flows.find((flow) => flow.name === name);
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
