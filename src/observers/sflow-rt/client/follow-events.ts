/** Asks for the events of one threshold again and again, by long poll. What fails is asked anew from the start, so that nothing is missed. */
import { type Clock, messageOf } from '../../../lib/index.ts';
import type { ReadEvent } from './answers.ts';
import type { Asking } from './asking.ts';
import type { WatchedState } from './watched-threshold.ts';

export type FollowOptions = {
  asking: Pick<Asking, 'events'>;
  clock: Pick<Clock, 'sleep'>;
  nowMs: () => number;
  most: () => number;
  waitMs: () => number;
  /** Between questions that bring nothing at once. */
  retryMs: number;
  onEvent: (event: ReadEvent) => void;
  /** The numbers went back: it is another process. */
  onRestart: () => void;
  /** Ends it. */
  signal: AbortSignal;
};

/** What is there before we watch is not new. @throws Unavailable */
export async function beginEvents(state: WatchedState, { asking, most, signal }: FollowOptions): Promise<void> {
  state.cursor.take(await asking.events({ threshold: state.wireName, most: most() }, signal), true);
  state.hasBegun = true;
}

/** Resolves when `signal` fires. @param interrupted gives the signal that ends the question that waits now */
export async function followEvents(state: WatchedState, options: FollowOptions, interrupted: () => AbortSignal): Promise<void> {
  const { clock, nowMs, retryMs, signal } = options;
  while (!signal.aborted) {
    const interruption = interrupted();
    const startedAtMs = nowMs();
    let hasNews = false;
    try {
      hasNews = await askOnce(state, options, AbortSignal.any([signal, interruption]));
      state.eventTrouble = undefined;
    } catch (error) {
      state.fromStart = true;
      if (!interruption.aborted) state.eventTrouble ??= { sinceMs: startedAtMs, message: messageOf(error) };
    }
    // An answer that comes at once and says nothing new must not be asked for without end.
    const restMs = hasNews ? 0 : Math.max(0, retryMs - (nowMs() - startedAtMs));
    await clock.sleep(restMs, signal).catch(() => undefined);
  }
}

async function askOnce(state: WatchedState, options: FollowOptions, signal: AbortSignal): Promise<boolean> {
  const { asking, most, waitMs, onEvent, onRestart } = options;
  const threshold = state.wireName;
  const isFromStart = state.fromStart;
  const question = isFromStart ? {} : { after: state.cursor.newest(), waitMs: waitMs() };
  const events = await asking.events({ threshold, most: most(), ...question }, signal);
  state.fromStart = false;
  const fresh = state.cursor.take(events, isFromStart);
  for (const event of fresh) onEvent(event);
  if (!isFromStart && events.length === 0) {
    // A process that started anew answers an old cursor with nothing until its numbers have caught up.
    const newest = await asking.events({ threshold, most: 1 }, signal);
    if (state.cursor.isFormerLife(newest)) {
      state.fromStart = true;
      onRestart();
    }
  }
  return fresh.length > 0 || isFromStart;
}
