import { type Clock, codeOf } from '../../lib/index.ts';
import { type Cache, keyOf, type Store, type Stored } from '../../store/index.ts';
import { type NotificationObject, notifications } from '../resources.ts';
import { mostWorthKeeping, notificationsToDelete } from './notification.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** Writes the notifications of one monitor, and deletes those whose time is over or of which there are too many. */
export type Announcer = {
  announce: (objects: readonly NotificationObject[]) => void;
  /** About every second: as many as the monitor may have are written in between, of a storm of events the newest. */
  beat: () => void;
  /** Some of them have come or gone. */
  tidy: () => void;
  idle: () => Promise<void>;
};

export type AnnouncerOptions = {
  store: Pick<Store, 'create' | 'delete'>;
  cache: Pick<Cache<NotificationObject>, 'list'>;
  clock: Pick<Clock, 'now' | 'monotonic'>;
  onError: (error: unknown) => void;
  /** Of the monitor as it is now; undefined: it is gone, and what it owns goes with it. */
  uid: () => string | undefined;
  /** How many it may have. */
  most: () => number;
  /** Names of those that runs rely on. */
  named: () => ReadonlySet<string>;
};

const tidyEveryMs = 30_000;

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { store, cache, clock, onError, uid, most, named } = options;
  let pending: NotificationObject[] = [];
  let written = 0;
  let tidiedAt = clock.monotonic();

  async function work(): Promise<void> {
    while (pending.length > 0 && written < most()) {
      const [next] = mostWorthKeeping(pending, 1, named());
      if (next === undefined || !(await create(next))) break;
      pending = pending.filter((one) => one !== next);
    }
    tidiedAt = clock.monotonic();
    for (const object of notificationsToDelete(own(), most(), named(), clock.now())) await remove(object);
  }

  function own(): Stored<NotificationObject>[] {
    const owner = uid();
    return cache.list().filter(({ metadata }) => metadata.ownerReferences?.some((reference) => reference.uid === owner) === true);
  }

  /** Returns whether it is there; of one that is not, another try is made with the next beat. */
  async function create(object: NotificationObject): Promise<boolean> {
    try {
      written += 1;
      await store.create(notifications, object);
      return true;
    } catch (error) {
      if (codeOf(error) === 'AlreadyExists') return true;
      onError(error);
      // The server will never take it.
      return codeOf(error) === 'InvalidInput';
    }
  }

  async function remove(object: Stored<NotificationObject>): Promise<void> {
    try {
      await store.delete(notifications, keyOf(object), { uid: object.metadata.uid });
    } catch (error) {
      if (!['NotFound', 'Conflict'].includes(codeOf(error))) onError(error);
    }
  }

  const worker = oneAtATime(work);
  return {
    announce: (objects) => {
      if (objects.length === 0) return;
      pending = mostWorthKeeping([...pending, ...objects], most(), named());
      worker.ask();
    },
    beat: () => {
      written = 0;
      if (pending.length > 0 || clock.monotonic() - tidiedAt >= tidyEveryMs) worker.ask();
    },
    tidy: worker.ask,
    idle: worker.idle,
  };
}
