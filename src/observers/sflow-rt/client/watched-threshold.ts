/**
 * What is known of one threshold in an sFlow-RT: values come about once a second, events by long poll, and either may fail. Instants are of a
 * clock that never goes back.
 */
import type { ArmingView, NetworkCrossing, ThresholdView, WatchedThreshold } from '../../network-observer.ts';
import type { ReadEvent } from './answers.ts';
import type { ActiveFlow } from '../collector-port.ts';
import { createEventCursor, type EventCursor } from './event-cursor.ts';

export type Trouble = { sinceMs: number; message: string };

export type WatchedState = {
  threshold: WatchedThreshold;
  /** Its name in the sFlow-RT. */
  wireName: string;
  smoothingMs: number;
  sinceMs: number;
  /** When it and its flow were last put there anew. */
  placedAtMs?: number;
  /** When the last value was asked for that came, with all definitions in place. */
  goodAtMs?: number;
  largest?: ActiveFlow;
  /** Polls one after the other with the value over the threshold. */
  pollsOver: number;
  /** That the value is over was told since it was last below. */
  isTold: boolean;
  /** It was told by the value, as no event had come. */
  isToldByValue: boolean;
  cursor: EventCursor;
  /** The first questions for events are over, so that what comes from now on is new. */
  hasBegun: boolean;
  /** The next question for events must not rely on the cursor. */
  fromStart: boolean;
  eventTrouble?: Trouble;
  crossing?: NetworkCrossing;
  crossedAtMs?: number;
};

/** What becomes a crossing once it has a number. */
export type Finding = Pick<NetworkCrossing, 'flow' | 'value' | 'limit' | 'agent' | 'dataSource' | 'at'>;

export function startWatching(threshold: WatchedThreshold, wireName: string, smoothingMs: number, nowMs: number): WatchedState {
  return {
    threshold,
    wireName,
    smoothingMs,
    sinceMs: nowMs,
    pollsOver: 0,
    isTold: false,
    isToldByValue: false,
    cursor: createEventCursor(),
    hasBegun: false,
    fromStart: false,
  };
}

/** An event's own time is believed within a minute: the clocks of two machines may differ. */
const oldestEventMs = 60_000;

/** @returns undefined of an event that tells what the value has told before */
export function findingOfEvent(state: WatchedState, event: ReadEvent, nowMs: number): Finding | undefined {
  const isRepeated = state.isToldByValue && (event.flow === undefined || event.flow === state.crossing?.flow);
  state.isTold = true;
  if (isRepeated) return undefined;
  const { timestamp = nowMs, value, flow, agent, dataSource } = event;
  const isBelievable = timestamp <= nowMs && timestamp > nowMs - oldestEventMs;
  return {
    flow,
    value,
    limit: event.threshold ?? state.threshold.value,
    agent,
    dataSource,
    at: isBelievable ? timestamp : nowMs,
  };
}

/** @returns a finding where a value stays over the threshold and no event has come: sFlow-RT's may be lost, or be held back */
export function findingOfValue(state: WatchedState, flows: readonly ActiveFlow[], nowMs: number): Finding | undefined {
  const largest = flows[0];
  state.largest = largest;
  if (largest === undefined || largest.value <= state.threshold.value) {
    state.pollsOver = 0;
    state.isTold = false;
    state.isToldByValue = false;
    return undefined;
  }
  state.pollsOver += 1;
  if (state.pollsOver < 2 || state.isTold) return undefined;
  state.isTold = true;
  state.isToldByValue = true;
  const { key, value, agent, dataSource } = largest;
  return { flow: key, value, limit: state.threshold.value, agent, dataSource, at: nowMs };
}

/** Of all thresholds of an sFlow-RT. */
export type Surroundings = {
  nowMs: number;
  /** Why the last round of questions failed. */
  trouble?: string;
  /** Undefined: heard and not silent; else what is wrong. */
  agents: { state: 'waiting' | 'lost'; message: string } | undefined;
  lostAfterMs: number;
  pollMs: number;
};

export function viewOfThreshold(state: WatchedState, surroundings: Surroundings): ThresholdView {
  const { threshold, largest, crossing } = state;
  return {
    name: threshold.name,
    ...judge(state, surroundings),
    value: largest?.value ?? 0,
    flow: largest?.key,
    limit: threshold.value,
    lastCrossing: crossing,
  };
}

/** Only a fresh, whole answer says that all is well. */
function judge(state: WatchedState, around: Surroundings): Pick<ThresholdView, 'state' | 'message'> {
  const { threshold, largest, goodAtMs, eventTrouble, crossedAtMs, placedAtMs } = state;
  const {
    nowMs,
    trouble = goodAtMs === undefined ? 'it has not answered' : 'its answers come too late',
    lostAfterMs,
    pollMs,
    agents,
  } = around;
  const silentMs = nowMs - (goodAtMs ?? state.sinceMs);
  if (silentMs > lostAfterMs) {
    return {
      state: 'lost',
      message: `sFlow-RT has not said for ${String(Math.round(silentMs / 1000))} s what the value is: ${trouble}`,
    };
  }
  if (eventTrouble !== undefined && nowMs - eventTrouble.sinceMs > lostAfterMs) {
    return { state: 'lost', message: `sFlow-RT does not tell its events: ${eventTrouble.message}` };
  }
  if (goodAtMs === undefined) return { state: 'waiting', message: 'sFlow-RT was asked for the first time' };
  if (largest !== undefined && largest.value > threshold.value) {
    return { state: 'firing', message: `${largest.key || 'the total'} is at ${largest.value.toFixed(1)}` };
  }
  if (crossedAtMs !== undefined && nowMs - crossedAtMs <= Math.max(threshold.rearmMs, 2 * pollMs)) {
    return { state: 'firing', message: 'the value was over the threshold a moment ago' };
  }
  if (agents !== undefined) return agents;
  if (placedAtMs !== undefined && nowMs - placedAtMs < state.smoothingMs) {
    return { state: 'waiting', message: 'the flow was put into sFlow-RT just now; its value is not settled yet' };
  }
  return { state: 'quiet', message: '' };
}

export type ArmedThresholdState = { run: string; threshold: string; armedAtMs: number; crossing?: NetworkCrossing };

/** Nobody can say that a threshold that is not there is quiet. */
export function unknownThreshold({ run, threshold }: ArmedThresholdState): ArmingView {
  return { run, threshold, state: 'undecidable', message: `the monitor has no threshold '${threshold}'` };
}

/** A crossing is kept, whatever the threshold says later. */
export function viewOfArming({ run, threshold, crossing }: ArmedThresholdState, view: ThresholdView): ArmingView {
  return {
    run,
    threshold,
    state: crossing === undefined || view.state === 'lost' ? view.state : 'firing',
    message: view.message,
    limit: view.limit,
    crossing,
  };
}
