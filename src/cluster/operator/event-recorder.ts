import type { RunJournal } from '../../control/index.ts';
import { type Clock, codeOf, formatMicroTime } from '../../lib/index.ts';
import type { AnyObject, Resource, Store } from '../../store/index.ts';
import { type EventDraft, eventsOfEntry, type EventSubject, subjectAfter } from './run-events.ts';

type EventObject = AnyObject &
  Omit<EventDraft, 'name'> & { eventTime: string; reportingController: string; reportingInstance: string };

export const events: Resource<EventObject> = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

export type EventRecorderOptions = {
  store: Store;
  /** Of this process; at most 128 characters of it are reported. */
  identity: string;
  clock: Clock;
  /** Told of an event that could not be recorded. Nothing waits for events. */
  onError: (name: string, error: unknown) => void;
  /** What waits when it fires is left out. */
  signal: AbortSignal;
};

export type EventRecorder = {
  /** Records it as soon as those before it are recorded. */
  add(draft: EventDraft): void;
  /** A journal that records the events of a run besides. */
  following(journal: RunJournal): RunJournal;
};

const reportingController = 'squall.networkmachinery.io/operator';
const mostWaiting = 1000;
const attempts = 3;
const retryMs = 1000;

/** Records what becomes of runs where people look: on the run and on the pods that it hurts. One event after the other. */
export function createEventRecorder({ store, identity, clock, onError, signal }: EventRecorderOptions): EventRecorder {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();

  async function record({ name, ...said }: EventDraft): Promise<void> {
    const object: EventObject = {
      apiVersion: events.apiVersion,
      kind: events.kind,
      // Of what is in no namespace, Kubernetes keeps events in this one.
      metadata: { name, namespace: said.regarding.namespace ?? 'default' },
      ...said,
      eventTime: formatMicroTime(clock.now()),
      reportingController,
      reportingInstance: identity.slice(0, 128),
    };
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await store.create(events, object);
        return;
      } catch (error) {
        // It was said before, by whoever led before.
        if (codeOf(error) === 'AlreadyExists') return;
        if (codeOf(error) !== 'Unavailable' || attempt === attempts) {
          onError(name, error);
          return;
        }
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  function add(draft: EventDraft): void {
    if (waiting >= mostWaiting) {
      onError(draft.name, new Error(`${String(mostWaiting)} events are waiting already; this one is left out`));
      return;
    }
    waiting += 1;
    last = last.then(async () => {
      await record(draft);
      waiting -= 1;
    });
  }

  return {
    add,
    following: (journal) => {
      let subject: EventSubject | undefined;
      return {
        append: (entry) => {
          journal.append(entry);
          subject = subjectAfter(subject, entry);
          if (subject) for (const draft of eventsOfEntry(subject, entry)) add(draft);
        },
      };
    },
  };
}
