import { abortAnnotation, type ExperimentObject, experiments } from '../../control/index.ts';
import { codeOf, SquallError, systemClock } from '../../lib/index.ts';
import type { Store, Stored } from '../../store/index.ts';

/** Longer than any undo may take; see the limits of a plan. */
const longestAbortMs = 300_000;

/**
 * Waits for the verdict, and resolves to the run as it then is. When the signal fires the run is told to abort, again and again until the store has it; the signal's
 * reason is written as the abort's. Rejects with NotFound when the run was deleted, with CleanUpIncomplete when it cannot be aborted.
 */
export async function untilDone(
  store: Store,
  { metadata }: Stored<ExperimentObject>,
  signal: AbortSignal,
): Promise<Stored<ExperimentObject>> {
  const key = { namespace: metadata.namespace ?? 'default', name: metadata.name };
  let abortedAt: number | undefined;
  for (;;) {
    const current = await store.get(experiments, key).catch(ignoreUnavailable);
    if (current !== undefined && current.metadata.uid !== metadata.uid) {
      throw new SquallError('NotFound', `the run ${key.namespace}/${key.name} was deleted`);
    }
    if (current?.status?.run.phase === 'done') return current;
    if (signal.aborted) {
      abortedAt ??= systemClock.monotonic();
      if (systemClock.monotonic() - abortedAt > longestAbortMs) {
        const where = `${key.namespace}/${key.name}`;
        throw new SquallError(
          'CleanUpIncomplete',
          `${where} could not be aborted; the kernel lease ends its fault, and the next start undoes it`,
        );
      }
      if (current?.metadata.annotations?.[abortAnnotation] === undefined) await orderAbort(store, key, signal);
    }
    await systemClock.sleep(200);
  }
}

async function orderAbort(store: Store, key: { namespace: string; name: string }, { reason }: AbortSignal): Promise<void> {
  await store.patchMetadata(experiments, key, { annotations: { [abortAnnotation]: String(reason) } }).catch(ignoreUnavailable);
}

/** The server may be busy for a moment; the caller asks again. */
function ignoreUnavailable(error: unknown): undefined {
  if (codeOf(error) !== 'Unavailable') throw error;
}
