import { backoff } from '../lib/index.ts';

/** What a reconcile wants next: to be called again after so long, or only when something changes. */
export type ReconcileResult = { requeueAfterMs?: number };
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult>;

export type WorkQueueOptions = {
  reconcile: Reconcile;
  /** Reconciles that run at once; never two for one key. */
  workers: number;
  random: () => number;
  onError: (key: string, error: unknown, retryInMs: number) => void;
};

export type WorkQueue = {
  /** Marks a key as to be looked at. A key waits once, however often it is added. */
  add(key: string): void;
  /** Works until the signal fires and the last reconcile has returned. */
  run(signal: AbortSignal): Promise<void>;
};

/** `dirty`: to be looked at (again); set by `add` also while the key is active. */
type KeyState = { active: boolean; dirty: boolean; failures: number; timer?: NodeJS.Timeout };

/**
 * A queue of keys. Invariants: a key is never reconciled twice at once; a key added while it is reconciled is reconciled again;
 * a failed key comes back after a jittered, doubling wait, and a success forgets its failures.
 */
export function createWorkQueue({ reconcile, workers, random, onError }: WorkQueueOptions): WorkQueue {
  const states = new Map<string, KeyState>();
  const waiting: string[] = [];
  /** Workers without work. */
  const idlers: (() => void)[] = [];

  function stateOf(key: string): KeyState {
    const state = states.get(key) ?? { active: false, dirty: false, failures: 0 };
    states.set(key, state);
    return state;
  }

  function add(key: string): void {
    const state = stateOf(key);
    clearTimeout(state.timer);
    delete state.timer;
    if (state.dirty) return;
    state.dirty = true;
    if (!state.active) {
      waiting.push(key);
      idlers.shift()?.();
    }
  }

  function addAfter(key: string, milliseconds: number): void {
    const state = stateOf(key);
    if (state.dirty) return;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      add(key);
    }, milliseconds);
  }

  async function work(key: string, signal: AbortSignal): Promise<void> {
    const state = stateOf(key);
    state.active = true;
    state.dirty = false;
    try {
      const { requeueAfterMs } = await reconcile(key, signal);
      state.failures = 0;
      if (requeueAfterMs !== undefined) addAfter(key, requeueAfterMs);
    } catch (error) {
      const wait = backoff(state.failures, random());
      state.failures += 1;
      onError(key, error, wait);
      addAfter(key, wait);
    } finally {
      state.active = false;
      settle(key, state);
    }
  }

  function settle(key: string, state: KeyState): void {
    if (state.dirty) waiting.push(key);
    else if (state.timer === undefined) states.delete(key);
  }

  async function worker(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const key = waiting.shift();
      if (key !== undefined) await work(key, signal);
      else {
        await new Promise<void>((resolve) => {
          idlers.push(resolve);
        });
      }
    }
  }

  return {
    add,
    async run(signal) {
      const wakeAll = () => {
        for (const wake of idlers.splice(0)) wake();
      };
      signal.addEventListener('abort', wakeAll, { once: true });
      await Promise.all(Array.from({ length: workers }, () => worker(signal)));
      for (const { timer } of states.values()) clearTimeout(timer);
    },
  };
}
