import { isDeepStrictEqual } from 'node:util';
import { type Monitor, mostHeartbeatSilenceMs } from '../../api/index.ts';
import { type Clock, codeOf, messageOf, SquallError } from '../../lib/index.ts';
import type { NetworkObserver, Subscription, SubscriptionView } from '../../observers/index.ts';
import type { ArmedRun } from './armed-runs.ts';
import { type Ask, createAsk } from './ask.ts';
import type { Heard } from './facts.ts';
import { nameOf, type Observers, type SflowRtEndpoint } from './observers.ts';
import { subscriptionOf } from './subscription.ts';

/** What a monitor and its runs are at one instant. */
export type Wanted = {
  generation: number;
  /** Or why its spec cannot be read. */
  monitor: Monitor | { unreadable: string };
  runs: readonly ArmedRun[];
};

/** The observer of one monitor: what it is asked to watch, and what it says. */
export type Watch = {
  /** Brings the observer to what is wanted; what comes of it is in the next look. Never rejects. */
  apply(wanted: Wanted): Promise<void>;
  /** Whether what was wanted last is not what the observer watches, and trying again can help. */
  isBehind(): boolean;
  /** Undefined where there is nothing to say yet. Never rejects. */
  look(): Promise<{ wanted: Wanted; heard: Heard; observedBy: string } | undefined>;
  /** The observer is to watch nothing any more. Never rejects. */
  end(): Promise<void>;
};

export type WatchOptions = {
  /** `namespace/name` */
  id: string;
  observers: Observers;
  clock: Clock;
  signal: AbortSignal;
  onError: (error: unknown) => void;
};

/** Less than what is silence to others, and a beat. */
const viewWithinMs = 1500;
const changeWithinMs = 10_000;

type Connection = {
  name: string;
  observer: NetworkObserver;
  askView: Ask;
  askChange: Ask;
};
type Outcome = { wanted: Wanted } & ({ came: 'taken' } | { came: 'refused' | 'failed'; message: string });

export function createWatch({ id, observers, clock, signal, onError }: WatchOptions): Watch {
  let connection: Connection | undefined;
  /** Acquired, or asked for: to be released in either case. */
  let held: { name: string; endpoint: SflowRtEndpoint | undefined } | undefined;
  let outcome: Outcome | undefined;
  /** What the observer has; `isSeen` once a view has shown it. */
  let given: { subscription: Subscription; isSeen: boolean } | undefined;
  /** An order whose answer never came may have been carried out. */
  let mayHave = false;
  let newest: { at: number; sinceMs: number } | undefined;

  async function connect(endpoint: SflowRtEndpoint | undefined): Promise<Connection> {
    const name = nameOf(endpoint);
    if (connection?.name === name) return connection;
    if (held?.name !== name) await disconnect();
    held = { name, endpoint };
    const whom = endpoint === undefined ? 'the collector' : `the sFlow-RT at ${endpoint.ip}`;
    const observer = await createAsk(whom, changeWithinMs, clock, signal)(() => observers.acquire(id, endpoint));
    const askView = createAsk(observer.name, viewWithinMs, clock, signal);
    connection = { name, observer, askView, askChange: createAsk(observer.name, changeWithinMs, clock, signal) };
    return connection;
  }

  async function disconnect(): Promise<void> {
    await remove();
    if (held !== undefined) await observers.release(id, held.endpoint).catch(onError);
    held = undefined;
    connection = undefined;
    newest = undefined;
  }

  /** What cannot be taken back goes with the observer's life. */
  async function remove(): Promise<void> {
    given = undefined;
    const present = connection;
    if (present === undefined || !mayHave) return;
    mayHave = false;
    await present.askChange(() => present.observer.remove(id)).catch(onError);
  }

  async function bring(wanted: Wanted): Promise<Outcome> {
    const { monitor, runs } = wanted;
    try {
      if ('unreadable' in monitor) throw new SquallError('InvalidInput', monitor.unreadable);
      const { observer, askChange } = await connect(monitor.endpoint);
      const subscription = subscriptionOf(id, monitor, runs);
      if (!isDeepStrictEqual(given?.subscription, subscription)) {
        mayHave = true;
        given = undefined;
        await askChange(() => observer.put(subscription));
        given = { subscription, isSeen: false };
      }
      return { wanted, came: 'taken' };
    } catch (error) {
      const message = messageOf(error);
      if (codeOf(error) !== 'InvalidInput') return { wanted, came: 'failed', message };
      // What it watched until now is not what is asked for.
      await remove();
      return { wanted, came: 'refused', message };
    }
  }

  function heardOf(view: SubscriptionView | undefined, about: Outcome): Heard | undefined {
    if (about.came === 'refused') return { heard: 'refusal', message: about.message, at: clock.now() };
    if (view === undefined) {
      const before = given;
      // It is given again: at once to an observer that began anew, with the next beat to one that does not take it.
      given = undefined;
      if (before === undefined || before.isSeen) return undefined;
      return silence('the observer does not know what it was given to watch');
    }
    if (given !== undefined) given.isSeen = true;
    const nowMs = clock.monotonic();
    if (newest?.at !== view.at) newest = { at: view.at, sinceMs: nowMs };
    if (nowMs - newest.sinceMs > mostHeartbeatSilenceMs) {
      return silence(`the observer has said nothing new for over ${String(mostHeartbeatSilenceMs / 1000)} s`);
    }
    return { heard: 'view', view };
  }

  const silence = (message: string): Heard => ({ heard: 'silence', message, accepted: given !== undefined });

  return {
    apply: async (wanted) => {
      outcome = await bring(wanted);
    },
    isBehind: () => outcome?.came === 'failed' || (outcome?.came === 'taken' && given === undefined),
    look: async () => {
      const asked = { outcome, given, connection };
      if (asked.outcome === undefined) return undefined;
      const { wanted } = asked.outcome;
      const observedBy = asked.connection?.observer.name ?? '';
      const say = (heard: Heard | undefined) => heard && { wanted, heard, observedBy };
      if (asked.outcome.came === 'failed') return say(silence(asked.outcome.message));
      if (asked.connection === undefined) return say(heardOf(undefined, asked.outcome));
      const { askView, observer } = asked.connection;
      const answer = await askView(() => observer.view(id)).then(
        (view) => ({ view }),
        (error: unknown) => ({ message: messageOf(error) }),
      );
      // Meanwhile it was given something else: the next look is about that.
      if (outcome !== asked.outcome || given !== asked.given) return undefined;
      return say('message' in answer ? silence(answer.message) : heardOf(answer.view, asked.outcome));
    },
    end: async () => {
      outcome = undefined;
      await disconnect();
    },
  };
}
