import { isDeepStrictEqual } from 'node:util';
import { heartbeatMs, type MonitorStatus, readSpec } from '../../api/index.ts';
import { backoff, type Clock, codeOf, messageOf, SquallError } from '../../lib/index.ts';
import type { NetworkCrossing } from '../../observers/index.ts';
import { type Cache, keyText, type ObjectKey, type Store, type Stored } from '../../store/index.ts';
import { type MonitorObject, monitors, type NotificationObject } from '../resources.ts';
import { writeStatus } from '../write-status.ts';
import { createAnnouncer } from './announcer.ts';
import type { ArmedRun } from './armed-runs.ts';
import { createCrossingMemory, tell, type ToldCrossing } from './crossing-memory.ts';
import type { Heard } from './facts.ts';
import { notificationOfCrossing, notificationOfLoss, withoutTwins } from './notification.ts';
import type { Observers } from './observers.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { statusOf } from './status.ts';
import { createWatch, type Wanted } from './watch.ts';

export type KeeperOptions = {
  store: Store;
  observers: Observers;
  notifications: Pick<Cache<NotificationObject>, 'list'>;
  clock: Clock;
  random: () => number;
  /** @param monitor `namespace/name` */
  runsOf: (monitor: string) => readonly ArmedRun[];
  onError: (key: string, error: unknown, retryInMs: number) => void;
  /** Nothing of the monitor is left with its observer. */
  onGone: () => void;
};

/** Keeps the status of one monitor true: its one writer. Its work waits for no other monitor's. */
export type Keeper = {
  /** Shows the monitor as a cache sees it, which may lag behind; undefined: it was deleted. */
  show(object: Stored<MonitorObject> | undefined): void;
  runsChanged(): void;
  crossed(crossing: NetworkCrossing): void;
  notificationsChanged(): void;
  /** Beats every second until the signal fires. Resolves once the last write has returned. */
  run(): Promise<void>;
};

/** Whoever waits for the abort must not wait for a store that does not answer. */
const writeWithinMs = 3000;
const writeRetry = { first: 20, most: 1000 };
const mostConflicts = 5;
/** Where the spec cannot be read. */
const usualMostEvents = 5;

/**
 * Three works go on side by side, each once at a time: the observer is brought to what is wanted; it is asked every second; the status is written, with
 * every look, and at once when a threshold was crossed that nothing was known of.
 */
export function createKeeper(key: ObjectKey, options: KeeperOptions, signal: AbortSignal): Keeper {
  const { store, clock, random } = options;
  const id = keyText(key);
  const quick: Pick<Store, 'get' | 'updateStatus'> = {
    get: (resource, of) => store.get(resource, of, { timeoutMs: writeWithinMs }),
    updateStatus: (resource, object) => store.updateStatus(resource, object, { timeoutMs: writeWithinMs }),
  };
  const onError = (error: unknown, retryInMs = heartbeatMs): void => {
    if (!signal.aborted) options.onError(`monitor ${id}`, error, retryInMs);
  };
  const watch = createWatch({ id, observers: options.observers, clock, signal, onError });

  /** With the status that this process has written last; undefined: there is no such monitor. */
  let present: Stored<MonitorObject> | undefined;
  let heard: { wanted: Wanted; heard: Heard; observedBy: string } | undefined;
  let crossings = createCrossingMemory(undefined);
  /** Of which no notification is ordered yet: the status comes first. */
  let news: ToldCrossing[] = [];
  let failures = 0;
  let isRetryPlanned = false;
  let silenceTold = '';

  const applier = oneAtATime(apply);
  const looker = oneAtATime(look);
  const writer = oneAtATime(write);
  const announcer = createAnnouncer({
    ...{ store, clock, onError, cache: options.notifications },
    uid: () => present?.metadata.uid,
    most: mostEvents,
    named: () => new Set(crossings.allLatched().map(({ notification }) => notification)),
  });

  async function apply(): Promise<void> {
    if (present === undefined) {
      await watch.end();
      if (isGone()) options.onGone();
      return;
    }
    await watch.apply({ ...readMonitor(present), runs: options.runsOf(id) });
    looker.ask();
  }

  async function look(): Promise<void> {
    const said = await watch.look();
    if (said === undefined) {
      // An observer that began anew knows nothing of it.
      if (present !== undefined && watch.isBehind()) applier.ask();
      return;
    }
    if (isGone()) return;
    heard = said;
    // Not only those of what was said: a run may cross as soon as the observer has it.
    crossings.keepOnly(options.runsOf(id));
    if (said.heard.heard === 'view') for (const { crossing } of said.heard.view.armings) if (crossing) remember(crossing);
    tellSilence(said.heard);
    writer.ask();
  }

  /** A call, since TypeScript would take what was so before an await for still true. */
  function isGone(): boolean {
    return present === undefined;
  }

  /** Once, and not every second. */
  function tellSilence(said: Heard): void {
    const message = said.heard === 'silence' ? said.message : '';
    if (message !== '' && silenceTold === '')
      onError(new SquallError('Unavailable', `nothing is heard of the network: ${message}`));
    silenceTold = message;
  }

  /** Returns whether the status must say so at once. */
  function remember(crossing: NetworkCrossing): boolean {
    const told = tell(key.name, crossing);
    const isFirst = crossings.add(told);
    // Once a run is told to abort, whatever else crosses tells it nothing.
    if (told.run !== undefined && !isFirst) return false;
    const ofRuns = news.filter(({ run }) => run !== undefined);
    const others = news.filter(({ run }) => run === undefined);
    news = told.run === undefined ? [...ofRuns, ...others.slice(-mostEvents()), told] : [...ofRuns, told, ...others];
    return isFirst || present?.status?.thresholds.find(({ name }) => name === crossing.threshold)?.state !== 'firing';
  }

  async function write(): Promise<void> {
    // What crosses by one datagram is told one after the other: it becomes one status.
    await Promise.resolve();
    const object = present;
    if (object === undefined || heard === undefined || signal.aborted) return;
    const { wanted, observedBy } = heard;
    const told = news;
    news = [];
    const now = clock.now();
    const { monitor, generation, runs } = wanted;
    const status = statusOf({
      ...{ generation, runs, observedBy, crossings, now, heard: heard.heard, before: object.status },
      monitor: 'unreadable' in monitor ? undefined : monitor,
    });
    try {
      if (!isDeepStrictEqual(status, object.status)) {
        const written = await writeStatus(quick, monitors, object, status);
        // Unless it was shown anew meanwhile.
        if (present === object) present = written.object;
      }
      failures = 0;
      announcer.announce([...notificationsOf(object, wanted, told), ...lossOf(object, status, now)]);
    } catch (error) {
      news = [...told, ...news];
      await recover(error);
    }
  }

  /** The first notification of a crossing is that of the run that it aborts. */
  function notificationsOf(object: Stored<MonitorObject>, { monitor, runs }: Wanted, told: ToldCrossing[]): NotificationObject[] {
    const names = new Map(runs.map(({ uid, name }) => [uid, name]));
    const withNames = told.map(({ run, ...one }) => ({ ...one, ...(run === undefined ? {} : { run: runOf(run, names) }) }));
    const readable = 'unreadable' in monitor ? undefined : monitor;
    return withoutTwins(withNames).map((one) => notificationOfCrossing(ownerOf(object), readable, one));
  }

  /** Once a loss, also where another life of this process has told it. */
  function lossOf(object: Stored<MonitorObject>, status: MonitorStatus, now: number): NotificationObject[] {
    if (status.state !== 'lost' || object.status?.state === 'lost') return [];
    const agent = status.agents.find(({ signal: state }) => state === 'lost')?.agent ?? '';
    return [notificationOfLoss(ownerOf(object), now, agent, status.message)];
  }

  async function recover(error: unknown): Promise<void> {
    failures += 1;
    if (codeOf(error) === 'NotFound') return;
    if (codeOf(error) === 'Conflict' && failures <= mostConflicts) {
      await refresh();
      writer.ask();
      return;
    }
    const retryInMs = backoff(failures, random(), writeRetry);
    onError(error, retryInMs);
    if (isRetryPlanned) return;
    isRetryPlanned = true;
    void clock
      .sleep(retryInMs, signal)
      .catch(() => undefined)
      .then(() => {
        isRetryPlanned = false;
        writer.ask();
      });
  }

  /** What the cache shows may be older than what somebody else has just written. */
  async function refresh(): Promise<void> {
    const fresh = await quick.get(monitors, key).catch((error: unknown) => {
      if (codeOf(error) !== 'NotFound') onError(error);
      return undefined;
    });
    if (fresh === undefined || fresh.metadata.uid !== present?.metadata.uid) return;
    const isNew = fresh.metadata.generation !== present.metadata.generation;
    present = fresh;
    if (isNew) applier.ask();
  }

  function begin(object: Stored<MonitorObject>): void {
    present = object;
    heard = undefined;
    crossings = createCrossingMemory(object.status);
    crossings.keepOnly(options.runsOf(id));
    // The process may have ended before it wrote their notifications.
    news = crossings.allLatched().filter(({ notification }) => notification !== '');
    applier.ask();
  }

  function mostEvents(): number {
    const monitor = heard?.wanted.monitor;
    return monitor === undefined || 'unreadable' in monitor ? usualMostEvents : monitor.events.most;
  }

  function beat(): void {
    if (present === undefined) return;
    announcer.beat();
    if (watch.isBehind()) applier.ask();
    looker.ask();
  }

  return {
    show: (object) => {
      if (object === undefined) {
        present = undefined;
        applier.ask();
      } else if (present?.metadata.uid !== object.metadata.uid) {
        begin(object);
      } else if ((object.metadata.generation ?? 1) > (present.metadata.generation ?? 1)) {
        present = object;
        applier.ask();
      }
    },
    runsChanged: () => {
      if (present !== undefined) applier.ask();
    },
    crossed: (crossing) => {
      if (present !== undefined && remember(crossing)) writer.ask();
    },
    notificationsChanged: announcer.tidy,
    run: async () => {
      const wait = async (milliseconds: number): Promise<void> => {
        await clock.sleep(milliseconds, signal).catch(() => undefined);
      };
      // Many monitors do not all write at the same instant.
      await wait(random() * heartbeatMs);
      while (!signal.aborted) {
        beat();
        await wait(heartbeatMs);
      }
      for (const work of [applier, looker, writer, announcer]) await work.idle();
    },
  };
}

function readMonitor({ metadata: { generation = 1, namespace }, spec }: Stored<MonitorObject>): Omit<Wanted, 'runs'> {
  try {
    return { generation, monitor: readSpec('NetworkMonitor', spec, namespace) };
  } catch (error) {
    if (codeOf(error) !== 'InvalidInput') throw error;
    return { generation, monitor: { unreadable: messageOf(error) } };
  }
}

function ownerOf({ metadata: { namespace = 'default', name, uid } }: Stored<MonitorObject>) {
  return { namespace, name, uid };
}

function runOf(uid: string, names: ReadonlyMap<string, string>): { uid: string; name?: string } {
  const name = names.get(uid);
  return name === undefined ? { uid } : { uid, name };
}
