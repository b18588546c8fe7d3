import { isDeepStrictEqual } from 'node:util';
import { codeOf } from '../lib/index.ts';
import { type AnyObject, keyOf, type Resource, type Store, type Stored } from '../store/index.ts';

type WithStatus = AnyObject & { status?: unknown };

export type WrittenStatus<T extends AnyObject> = {
  object: Stored<T>;
  /** The versions that were tried and are not there any more, oldest first; between them there may have been others, of metadata alone. */
  replaced: string[];
};

/** Whoever annotates an object more often than this while one request is answered delays its status, and no more. */
const mostRetries = 3;

/**
 * Writes the status that was decided upon an object. That somebody changes its metadata meanwhile is no reason to decide anew: the
 * status is then written to the object as it is. Rejects with Conflict when what the decision rests on has changed, or too often.
 */
export async function writeStatus<T extends WithStatus>(
  store: Pick<Store, 'get' | 'updateStatus'>,
  resource: Resource<T>,
  decidedUpon: Stored<T>,
  status: NonNullable<T['status']>,
): Promise<WrittenStatus<T>> {
  let current = decidedUpon;
  const replaced: string[] = [];
  for (let retry = 0; ; retry += 1) {
    try {
      const object = await store.updateStatus(resource, { ...current, status });
      if (object.metadata.resourceVersion !== current.metadata.resourceVersion) replaced.push(current.metadata.resourceVersion);
      return { object, replaced };
    } catch (error) {
      if (codeOf(error) !== 'Conflict' || retry === mostRetries) throw error;
      const present = await presentOf(store, resource, current);
      if (present === undefined || !isSameDecision(decidedUpon, present)) throw error;
      replaced.push(current.metadata.resourceVersion);
      current = present;
    }
  }
}

async function presentOf<T extends AnyObject>(
  store: Pick<Store, 'get'>,
  resource: Resource<T>,
  object: Stored<T>,
): Promise<Stored<T> | undefined> {
  return await store.get(resource, keyOf(object)).catch((error: unknown) => {
    if (codeOf(error) !== 'NotFound') throw error;
    return undefined;
  });
}

/** Pure. What is in the annotations, such as an order to abort, is looked at again anyway: their change wakes whoever decides. */
function isSameDecision(decidedUpon: Stored<WithStatus>, present: Stored<WithStatus>): boolean {
  return (
    decidedUpon.metadata.uid === present.metadata.uid &&
    decidedUpon.metadata.generation === present.metadata.generation &&
    isDeepStrictEqual(decidedUpon.status, present.status)
  );
}
