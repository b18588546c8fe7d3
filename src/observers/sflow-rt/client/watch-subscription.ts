/** One subscription on an sFlow-RT: keeps its definitions in place, asks for values about once a second, and follows its events. */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, messageOf, SquallError } from '../../../lib/index.ts';
import type { FlowView, NetworkCrossing, Subscription, SubscriptionView } from '../../network-observer.ts';
import type { Asking } from './asking.ts';
import { pathOf } from './definitions.ts';
import { beginEvents, followEvents, type FollowOptions } from './follow-events.ts';
import { createReliedAgents, hear, noAgents, troubleOfAgents } from './heard-agents.ts';
import { nameInSflowRt, prefixOf } from './names.ts';
import { createPlacement } from './placement.ts';
import { emptyPlan, type Plan, planFor } from './plan.ts';
import {
  type Finding,
  findingOfEvent,
  findingOfValue,
  unknownThreshold,
  viewOfArming,
  viewOfThreshold,
  type WatchedState,
} from './watched-threshold.ts';

export type WatchLimits = {
  pollMs: number;
  /** Without a good answer for longer a threshold is lost. */
  lostAfterMs: number;
  retryMs: number;
};

export type WatchOptions = {
  /** @param ended ends what is asked */
  asking: (ended: AbortSignal) => Asking;
  clock: Clock;
  nowMs: () => number;
  limits: WatchLimits;
  /** Gives a finding the next number of an event. */
  number: (subscription: string, threshold: string, finding: Finding) => NetworkCrossing;
  tellAll: (crossing: NetworkCrossing) => void;
  /** Paths of definitions that are no longer wanted, thresholds first. */
  discard: (paths: readonly string[]) => Promise<void>;
  keep: (paths: readonly string[]) => void;
  closing: AbortSignal;
};

export type SubscriptionWatch = {
  /** @throws InvalidInput */
  put: (subscription: Subscription) => void;
  /** @throws Unavailable where there is no threshold that could be called lost */
  view: () => SubscriptionView;
  /** Ends it, and takes its definitions out. */
  remove: () => Promise<void>;
  /** Resolves when nothing runs any more; it must have been ended before. */
  finished: () => Promise<void>;
};

const mostEvents = 1000;
const usualEvents = { most: 100, timeoutMs: 5000 };

export function watchSubscription(first: Subscription, options: WatchOptions): SubscriptionWatch {
  const { clock, nowMs, limits, number, tellAll, discard, keep } = options;
  const { id } = first;
  const ending = new AbortController();
  const ended = AbortSignal.any([ending.signal, options.closing]);
  const asking = options.asking(ended);
  const placement = createPlacement(asking);
  const followers = new Map<WatchedState, AbortController>();
  const running = new Set<Promise<void>>();
  let plan: Plan = emptyPlan(id);
  let flowViews: FlowView[] = [];
  let agents = noAgents;
  const relied = createReliedAgents();
  let goodAtMs = nowMs();
  let trouble: string | undefined;
  let areStrangersGone = false;
  /** Cuts the rest between two rounds short. */
  let waking = new AbortController();
  /** Ends the questions for events that wait now. */
  let interruption = new AbortController();

  function tell(state: WatchedState, finding: Finding): void {
    const name = state.threshold.name;
    // Runs first: who writes what came in one tick tells them at once, and of one event to abort by.
    const ofRuns = armingsOf(state)
      .filter(({ crossing }) => crossing === undefined)
      .map((arming) => (arming.crossing = { ...number(id, name, finding), run: arming.run }));
    const crossing = number(id, name, finding);
    state.crossing = crossing;
    state.crossedAtMs = nowMs();
    // Whoever is told may look at once.
    for (const one of [...ofRuns, crossing]) tellAll(one);
  }

  function armingsOf({ threshold }: WatchedState) {
    return plan.armed.filter((arming) => arming.threshold === threshold.name);
  }

  function followOptions(state: WatchedState, signal: AbortSignal): FollowOptions {
    return {
      asking,
      clock,
      nowMs,
      signal,
      retryMs: limits.retryMs,
      most: () => Math.min(mostEvents, plan.subscription.events?.most ?? usualEvents.most),
      waitMs: () => plan.subscription.events?.timeoutMs ?? usualEvents.timeoutMs,
      onEvent: (event) => {
        relied.add([event.agent]);
        const finding = findingOfEvent(state, event, nowMs());
        if (finding !== undefined) tell(state, finding);
      },
      onRestart: placeAnew,
    };
  }

  async function follow(state: WatchedState): Promise<void> {
    await beginEvents(state, followOptions(state, ended));
    if (plan.thresholds.get(state.threshold.name) !== state) return;
    const own = new AbortController();
    followers.set(state, own);
    start(followEvents(state, followOptions(state, AbortSignal.any([own.signal, ended])), () => interruption.signal));
  }

  /** What sFlow-RT had is gone: put it again, and read all its events. */
  function placeAnew(): void {
    placement.forgetAll();
    for (const state of plan.thresholds.values()) state.fromStart = true;
    interruption.abort();
    interruption = new AbortController();
    waking.abort();
  }

  function put(subscription: Subscription): void {
    const before = plan;
    plan = planFor(subscription, before, nowMs());
    const watched = new Set(plan.thresholds.values());
    for (const [state, follower] of followers) {
      if (watched.has(state)) continue;
      follower.abort();
      followers.delete(state);
    }
    // Others may see what is watched now.
    if (!isDeepStrictEqual(plan.subscription.flows, before.subscription.flows)) relied.clear();
    const wanted = new Set(plan.definitions.map(pathOf));
    const unwanted = before.definitions.map(pathOf).filter((path) => !wanted.has(path));
    placement.forget(unwanted);
    keep([...wanted]);
    start(discard(unwanted.reverse()));
    if (plan.definitions !== before.definitions) waking.abort();
  }

  async function askAll(): Promise<void> {
    const asked = plan;
    for (const state of asked.thresholds.values()) {
      if (!state.hasBegun) await follow(state);
    }
    if (!areStrangersGone) await discard(await placement.strangers(prefixOf(id), asked.definitions));
    areStrangersGone = true;
    await placement.place(asked.definitions, ({ name }) => {
      for (const state of asked.thresholds.values()) {
        if ([state.wireName, nameInSflowRt(id, state.threshold.flow)].includes(name)) state.placedAtMs = nowMs();
      }
    });
    const isFormer = () => asked.definitions !== plan.definitions;
    if (isFormer()) await discardPlaced(asked);
    const heard = hear(agents, await asking.agents(), nowMs());
    const askedAtMs = nowMs();
    const flows = await flowsOf(asked);
    // Values count only where the definitions are still there after they were asked for: a restarted sFlow-RT knows no flows.
    trouble = await troubleOf(asked, flows);
    if (trouble !== undefined || isFormer()) return;
    agents = heard;
    flowViews = flows;
    relied.add(flows.flatMap(({ top }) => top.map(({ agent }) => agent)));
    goodAtMs = askedAtMs;
    for (const state of asked.thresholds.values()) {
      state.goodAtMs = askedAtMs;
      judge(state, flows);
    }
  }

  /** The subscription changed while it was put: what only the former one has must go. */
  async function discardPlaced(former: Plan): Promise<void> {
    const wanted = new Set(plan.definitions.map(pathOf));
    const unwanted = former.definitions.map(pathOf).filter((path) => !wanted.has(path));
    placement.forget(unwanted);
    await discard(unwanted.reverse());
  }

  async function flowsOf({ subscription }: Plan): Promise<FlowView[]> {
    const views = await Promise.all(
      subscription.flows.map(async ({ name, top }) => {
        const flows = await asking.activeFlows(nameInSflowRt(id, name), top);
        return flows === undefined ? [] : [{ name, top: flows, size: flows.length }];
      }),
    );
    return views.flat();
  }

  async function troubleOf({ definitions, subscription }: Plan, flows: readonly FlowView[]): Promise<string | undefined> {
    const found = await placement.check(definitions);
    if (found === 'missing') {
      placeAnew();
      return 'its definitions were gone, and are put again';
    }
    if (found !== 'good') return found;
    return flows.length < subscription.flows.length ? 'it does not know all of the flows' : undefined;
  }

  function judge(state: WatchedState, flows: readonly FlowView[]): void {
    const top = flows.find(({ name }) => name === state.threshold.flow)?.top ?? [];
    const finding = findingOfValue(state, top, nowMs());
    if (finding !== undefined) tell(state, finding);
    const { crossing, pollsOver } = state;
    if (pollsOver < 2 || crossing === undefined) return;
    // A value that was over already when the run was armed brings no new event.
    for (const arming of armingsOf(state)) {
      if (nowMs() - arming.armedAtMs < limits.pollMs) continue;
      if (arming.crossing !== undefined) continue;
      const standing = { ...crossing, value: state.largest?.value ?? crossing.value, at: nowMs() };
      arming.crossing = { ...number(id, state.threshold.name, standing), run: arming.run };
      tellAll(arming.crossing);
    }
  }

  async function run(): Promise<void> {
    while (!ended.aborted) {
      waking = new AbortController();
      await askAll().catch((error: unknown) => {
        trouble = messageOf(error);
      });
      const isUrgent = waking.signal.aborted;
      const restMs = isUrgent ? Math.min(limits.retryMs, limits.pollMs) : limits.pollMs;
      const wake = isUrgent ? ended : AbortSignal.any([waking.signal, ended]);
      await clock.sleep(restMs, wake).catch(() => undefined);
    }
  }

  function start(work: Promise<void>): void {
    running.add(work);
    void work.finally(() => running.delete(work));
  }

  async function finished(): Promise<void> {
    await Promise.all(running);
  }

  put(first);
  start(run());

  return {
    put,
    view: () => {
      const { lostAfterMs, pollMs } = limits;
      const around = { nowMs: nowMs(), trouble, agents: troubleOfAgents(agents, relied), lostAfterMs, pollMs };
      if (plan.thresholds.size === 0 && around.nowMs - goodAtMs > lostAfterMs) {
        throw new SquallError('Unavailable', `sFlow-RT does not say what it sees: ${trouble ?? 'it has not answered'}`);
      }
      const thresholds = [...plan.thresholds.values()].map((state) => viewOfThreshold(state, around));
      const armings = plan.armed.map((arming) => {
        const view = thresholds.find(({ name }) => name === arming.threshold);
        return view === undefined ? unknownThreshold(arming) : viewOfArming(arming, view);
      });
      return { at: around.nowMs, agents: [...agents.views], flows: flowViews, thresholds, armings, traffic: [] };
    },
    remove: async () => {
      ending.abort();
      await finished();
      await discard(plan.definitions.map(pathOf).reverse());
    },
    finished,
  };
}
