import { createHash } from 'node:crypto';
import { apiVersion, type JournalEntry } from '../../api/index.ts';

/** Kubernetes' ObjectReference, as far as an event needs it. */
export type Reference = { apiVersion: string; kind: string; namespace?: string; name: string; uid: string };

/** What an event says, before it is known who reports it and when. */
export type EventDraft = {
  /** The same for the same thing said of the same object: said again, it collides. */
  name: string;
  regarding: Reference;
  related?: Reference;
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
};

/** What is known of a run from its journal so far. */
export type EventSubject = { run: Reference; pods: Reference[] };

/** Pods of one run that get events; of the others one event on the run tells. */
const mostPods = 20;
/** Kubernetes' own limit of a note. */
const mostNoteBytes = 1024;

type Said = Pick<EventDraft, 'type' | 'reason' | 'action' | 'note'>;

/**
 * The events that a journal entry is worth: on the run, and on each pod that it hurts, when it begins, when its fault is active, when that is
 * undone, and when there is a verdict. At most one an object and reason. Pure.
 */
export function eventsOfEntry({ run, pods }: EventSubject, entry: JournalEntry): EventDraft[] {
  const said = whatToSay(run, pods, entry);
  if (!said) return [];
  const onPods = pods.slice(0, mostPods).map((pod) => draft(pod, said, run.uid, run));
  const summary: Said | undefined =
    said.reason === 'Started' && pods.length > mostPods
      ? {
          type: 'Normal',
          reason: 'MoreTargets',
          action: said.action,
          note: `${String(mostPods)} of ${String(pods.length)} targets get events of their own; the run's status names all`,
        }
      : undefined;
  return [draft(run, said, run.uid), ...onPods, ...(summary ? [draft(run, summary, run.uid)] : [])];
}

/** The run, once its journal has said who it is; its targets, once that has named them. */
export function subjectAfter(subject: EventSubject | undefined, entry: JournalEntry): EventSubject | undefined {
  if (entry.type === 'created') {
    const { namespace, name, uid } = entry;
    return { run: { apiVersion, kind: 'NetworkExperiment', namespace, name, uid }, pods: [] };
  }
  if (entry.type === 'targets' && subject) {
    const pods = entry.targets.map(({ namespace, name, uid }) => ({ apiVersion: 'v1', kind: 'Pod', namespace, name, uid }));
    return { ...subject, pods };
  }
  // Nothing is done to it.
  if (entry.type === 'target' && entry.phase === 'Skipped' && subject) {
    return { ...subject, pods: subject.pods.filter(({ uid }) => uid !== entry.uid) };
  }
  return subject;
}

function whatToSay(run: Reference, pods: readonly Reference[], entry: JournalEntry): Said | undefined {
  const experiment = `${run.namespace ?? 'default'}/${run.name}`;
  const targets = `${String(pods.length)} ${pods.length === 1 ? 'target' : 'targets'}`;
  if (entry.type === 'phase' && entry.phase === 'preflight') {
    return { type: 'Normal', reason: 'Started', action: 'Begin', note: `experiment ${experiment} has begun, with ${targets}` };
  }
  if (entry.type === 'phase' && entry.phase === 'during' && pods.length > 0) {
    const note = `the fault of experiment ${experiment} is active on ${targets}`;
    return { type: 'Normal', reason: 'FaultInjected', action: 'Inject', note };
  }
  if (entry.type === 'phase-ended' && entry.phase === 'undo') {
    return entry.outcome === 'proven'
      ? { type: 'Normal', reason: 'FaultUndone', action: 'Undo', note: `the fault of experiment ${experiment} is undone` }
      : {
          type: 'Warning',
          reason: 'UndoNotProven',
          action: 'Undo',
          note: `the undo of experiment ${experiment} could not be proven; the kernel lease ends the fault`,
        };
  }
  if (entry.type === 'verdict') {
    const { verdict, reason, message } = entry;
    const note = `experiment ${experiment}: ${verdict} (${reason}): ${message}`;
    return { type: verdict === 'Passed' ? 'Normal' : 'Warning', reason: verdict, action: 'Judge', note };
  }
  return undefined;
}

function draft(regarding: Reference, said: Said, runUid: string, related?: Reference): EventDraft {
  const hash = createHash('sha256').update([runUid, regarding.uid, said.reason].join(' ')).digest('hex').slice(0, 16);
  const name = `${regarding.name.slice(0, 230)}.${hash}`;
  return { name, regarding, ...(related ? { related } : {}), ...said, note: cutNote(said.note) };
}

/** As long as Kubernetes takes it. */
export function cutNote(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= mostNoteBytes) return note;
  // A character that the cut goes through becomes the replacement character, which takes 3 bytes.
  return `${bytes.subarray(0, mostNoteBytes - 6).toString('utf8')}…`;
}
