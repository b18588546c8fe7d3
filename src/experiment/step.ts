import { formatInstant } from '../lib/index.ts';
import type { Phase, ReportPhase } from '../api/index.ts';
import { abortByHypothesis } from './abort-rules.ts';
import { baselineResults, notSteady, windowResults } from './results.ts';
import { judgeSignals, withNotification } from './signals.ts';
import type { Effects, Facts, Plan, RunEvent, RunPhase, RunState, TargetFacts } from './state.ts';
import { type Ending, judge } from './verdict.ts';

/** How often a run looks at the world when nothing wakes it. */
const pollMs = 500;

/**
 * One step of a run: what is so now, given what was and what happened. Pure and total.
 * Invariants: `done` is never reached from a dirty state without passing `undo`, and `dirty` is set one step (and so one
 * persisted state) before the effects first say `apply`. It is only set in a step in which every armed monitor says that all is quiet.
 * @param now milliseconds since 1970, never going back within one process
 */
export function step(plan: Plan, state: RunState, event: RunEvent, now: number): { state: RunState; effects: Effects } {
  const next = advance(plan, state, event, now);
  return { state: next, effects: effectsOf(plan, next, now) };
}

function advance(plan: Plan, state: RunState, event: RunEvent, now: number): RunState {
  switch (event.type) {
    case 'facts':
      return observe(plan, state, event.facts, now);
    case 'abort':
      return end(plan, state, { kind: 'aborted', reason: event.reason, message: event.message }, now);
    case 'restarted':
      return restart(plan, state, event.why, now);
    case 'continued':
      return event.unmeasured.length === 0 || state.phase === 'done'
        ? state
        : { ...state, unmeasured: [...new Set([...(state.unmeasured ?? []), ...event.unmeasured])] };
    case 'refused':
      return end(plan, state, { kind: state.touched ? 'error' : 'refused', reason: event.reason, message: event.message }, now);
    case 'failed':
      return end(plan, state, { kind: 'error', reason: event.reason, message: event.message }, now);
  }
}

function observe(plan: Plan, state: RunState, facts: Facts, now: number): RunState {
  const next = observePhase(plan, withNotification(state, facts), facts, now);
  // Whatever the fault's targets say comes first: they tell more than the probes that go with them.
  if (next.ending || facts.probeLost === undefined || !measures(next.phase)) return next;
  // A probe that ended with its agent was cut off, like a fault would have been: nothing is wrong with what it measured until then.
  const kind = facts.probeLost.reason === 'AgentRestarted' ? 'aborted' : 'error';
  return end(plan, next, { kind, ...facts.probeLost }, now);
}

/** In these phases a probe that ended would leave a hole in what is judged. */
function measures(phase: RunPhase): boolean {
  return phase === 'before' || phase === 'inject' || phase === 'during' || phase === 'after';
}

function observePhase(plan: Plan, state: RunState, facts: Facts, now: number): RunState {
  switch (state.phase) {
    case 'pending':
      return enter(state, 'preflight', now);
    case 'preflight':
      return observePreflight(plan, state, facts, now);
    case 'before':
      return observeBefore(plan, state, facts, now);
    case 'inject':
      return observeInject(plan, state, facts, now);
    case 'during':
      return observeDuring(plan, state, facts, now);
    case 'undo':
      return observeUndo(plan, state, facts, now);
    case 'after':
      return now >= nextWholeSecond(state.since) + plan.afterMs ? leaveAfter(state, now) : state;
    case 'settle':
      return now >= state.since + plan.settleMs ? finish(plan, windowResults(plan, state, facts), now) : state;
    case 'done':
      return state;
  }
}

function observePreflight(plan: Plan, state: RunState, facts: Facts, now: number): RunState {
  const { preflight } = facts;
  if (preflight?.ok === false) {
    return end(plan, state, { kind: 'refused', reason: preflight.reason, message: preflight.message }, now);
  }
  if (preflight?.ok === true) {
    const { skipped } = preflight;
    const signals = judgeSignals(plan, state, facts, plan.hasFault ? 'preflight' : 'start', now);
    if (signals.kind === 'ending') return end(plan, state, signals.ending, now);
    if (signals.kind === 'unclear') return signals.state;
    const passed = skipped === undefined ? signals.state : { ...signals.state, skipped };
    return enter(passed, plan.hasFault ? 'before' : 'during', now, 'ok');
  }
  if (now < state.since + plan.limits.preflightMs) return state;
  const message = `no node answered the checks within ${seconds(plan.limits.preflightMs)}`;
  return end(plan, state, { kind: 'error', reason: 'PreflightTimedOut', message }, now);
}

function observeBefore(plan: Plan, state: RunState, facts: Facts, now: number): RunState {
  const signals = judgeSignals(plan, state, facts, 'before', now);
  if (signals.kind === 'ending') return end(plan, state, signals.ending, now);
  if (plan.hypothesis.length === 0) {
    return now >= state.since + plan.beforeMs ? leaveBefore(plan, state, facts, now, 'nothing to measure') : state;
  }
  const opened = openWindow(plan, state, 'before', facts, now);
  const window = opened.windows.before;
  if (!window || opened.phase !== 'before') return opened;
  const to = window.from + plan.beforeMs;
  if (window.to === undefined) return { ...opened, windows: { ...opened.windows, before: { from: window.from, to } } };
  return now < to + plan.settleMs ? opened : leaveBefore(plan, opened, facts, now, 'held');
}

function leaveBefore(plan: Plan, state: RunState, facts: Facts, now: number, outcome: string): RunState {
  const signals = judgeSignals(plan, state, facts, 'brink', now);
  if (signals.kind === 'unclear') return signals.state;
  const measured = baselineResults(plan, signals.kind === 'clear' ? signals.state : state, facts);
  const refusal = notSteady(measured.results) ?? (signals.kind === 'ending' ? signals.ending : undefined);
  return refusal ? end(plan, measured, refusal, now) : makeDirty(measured, now, outcome);
}

/** The state that is persisted before anything is applied; see the invariants of `step`. */
function makeDirty(state: RunState, now: number, outcome: string): RunState {
  return { ...enter(state, 'inject', now, outcome), dirty: true, touched: true, undo: { ...state.undo, proven: false } };
}

function observeInject(plan: Plan, given: RunState, facts: Facts, now: number): RunState {
  const { fault } = facts;
  const signals = judgeSignals(plan, given, facts, 'active', now);
  const state = signals.kind === 'ending' ? given : signals.state;
  const targets = fault?.targets ?? [];
  const refusedTarget = targets.find(({ phase }) => phase === 'Refused');
  // A pod that went away before anything was done to it is no failure of the engine's.
  if (refusedTarget?.reason === 'NamespaceNotFound') return end(plan, state, targetLost(refusedTarget), now);
  if (refusedTarget) {
    const message = `${refusedTarget.name}: ${refusedTarget.message ?? refusedTarget.reason ?? 'refused by the agent'}`;
    return end(plan, state, { kind: 'error', reason: refusedTarget.reason ?? 'KernelRefused', message }, now);
  }
  const cut = targets.find(({ phase }) => phase === 'Lost' || phase === 'Undoing' || phase === 'Clean');
  if (cut) return end(plan, state, targetLost(cut), now);
  if (signals.kind === 'ending') return end(plan, state, signals.ending, now);
  if (targets.length > 0 && targets.every(({ phase }) => phase === 'Active')) {
    const from = Math.max(...targets.map(({ activeAt }) => activeAt ?? now));
    return { ...enter(state, 'during', now, 'active'), since: from, windows: { ...state.windows, during: { from } } };
  }
  if (now < state.since + plan.limits.injectMs) return state;
  const message = `not every target was active within ${seconds(plan.limits.injectMs)}`;
  return end(plan, state, { kind: 'error', reason: 'InjectTimedOut', message }, now);
}

function observeDuring(plan: Plan, given: RunState, facts: Facts, now: number): RunState {
  const signals = judgeSignals(plan, given, facts, 'active', now);
  const state = signals.kind === 'ending' ? given : signals.state;
  const isDue = state.windows.during !== undefined && now >= state.windows.during.from + plan.durationMs;
  // An agent that ended the fault at its end, because the order came late, cut nothing short.
  const cut = facts.fault?.targets.find(({ phase, reason }) => phase !== 'Active' && !(isDue && reason === 'NotAfter'));
  if (plan.hasFault && cut) return end(plan, state, targetLost(cut), now);
  if (signals.kind === 'ending') return end(plan, state, signals.ending, now);
  const abort = plan.hasFault ? abortByHypothesis(plan, state, facts) : undefined;
  if (abort) return end(plan, state, abort, now);
  const opened = plan.hasFault ? state : openWindow(plan, state, 'during', facts, now);
  const window = opened.windows.during;
  if (!window || now < window.from + plan.durationMs) return opened;
  const closed = { ...opened, windows: { ...opened.windows, during: { from: window.from, to: now } } };
  return enter(closed, plan.hasFault ? 'undo' : 'settle', now, 'complete');
}

function observeUndo(plan: Plan, state: RunState, { fault }: Facts, now: number): RunState {
  const targets = fault?.targets ?? [];
  const residue = fault?.residue ?? 0;
  const gone = targets.every(({ phase }) => phase === 'Clean' || phase === 'Lost' || phase === 'Refused');
  const changedByOthers = fault?.changedByOthers ?? [];
  const dose = fault?.dose ?? [];
  if (gone && residue === 0) {
    const clean = { ...state, dose, dirty: false, undo: { proven: true, residue, changedByOthers } };
    return afterUndo(plan, clean, 'proven', now);
  }
  if (now < state.since + plan.limits.undoMs) return state;
  // Nobody can prove the undo any more in this run. The kernel lease ends the fault, and the next start of the agent sweeps.
  return afterUndo(plan, { ...state, dose, undo: { proven: false, residue, changedByOthers } }, 'not proven', now);
}

function afterUndo(plan: Plan, state: RunState, outcome: string, now: number): RunState {
  if (state.ending?.reason === 'Restarted') return finish(plan, closePhase(state, now, outcome), now);
  if (state.ending) return enter(state, 'settle', now, outcome);
  return { ...enter(state, 'after', now, outcome), windows: { ...state.windows, after: { from: now } } };
}

function leaveAfter(state: RunState, now: number): RunState {
  const window = state.windows.after ?? { from: state.since };
  return enter({ ...state, windows: { ...state.windows, after: { from: window.from, to: now } } }, 'settle', now, 'complete');
}

/** Leaves the normal way. Whatever the phase, a dirty state goes to `undo` and to nothing else. */
function end(plan: Plan, state: RunState, ending: Ending, now: number): RunState {
  if (state.phase === 'done') return state;
  const ended: RunState = state.ending ? state : { ...state, ending, endingAt: now };
  if (state.phase === 'undo') return ended;
  const window = state.windows.during;
  const cut =
    state.phase === 'during' && window ? { ...ended, windows: { ...ended.windows, during: { ...window, to: now } } } : ended;
  if (state.dirty) return enter(cut, 'undo', now, ending.kind);
  if (state.phase === 'during' || state.phase === 'after') return enter(cut, 'settle', now, ending.kind);
  if (state.phase === 'settle') return cut;
  return finish(plan, closePhase(cut, now, ending.kind), now);
}

function restart(plan: Plan, state: RunState, why: string | undefined, now: number): RunState {
  if (state.phase === 'done') return state;
  const message = `the control process was restarted while the run was in '${state.phase}'${why === undefined ? '' : `; ${why}`}`;
  const ended = end(plan, state, { kind: 'aborted', reason: 'Restarted', message }, now);
  if (ended.phase === 'done' || ended.phase === 'undo') return { ...ended, since: now };
  return finish(plan, closePhase(ended, now, 'aborted'), now);
}

function finish(plan: Plan, state: RunState, now: number): RunState {
  const judgement = judge({
    hasFault: plan.hasFault,
    touched: state.touched,
    undo: state.undo,
    ...(state.ending ? { ending: state.ending } : {}),
    dose: state.dose,
    hypothesis: state.results,
  });
  return { ...state, phase: 'done', since: now, judgement };
}

/** Opens a phase's window once every probe runs; a run whose probes cannot be started is refused while nothing is touched. */
function openWindow(plan: Plan, state: RunState, phase: 'before' | 'during', { probesReadyAt }: Facts, now: number): RunState {
  if (state.windows[phase]) return state;
  if (probesReadyAt !== undefined) {
    return { ...state, windows: { ...state.windows, [phase]: { from: nextWholeSecond(Math.max(probesReadyAt, state.since)) } } };
  }
  if (now < state.since + plan.limits.probeStartMs) return state;
  const message = `the probes did not start within ${seconds(plan.limits.probeStartMs)}`;
  return end(plan, state, { kind: 'error', reason: 'ProbesNotStarted', message }, now);
}

function targetLost(target: TargetFacts): Ending {
  const reason = target.reason ?? 'TargetLost';
  const message = target.message ?? `${target.name} is ${target.phase}: ${reason}`;
  return { kind: 'aborted', reason, message, ...(target.cleanAt === undefined ? {} : { at: target.cleanAt }) };
}

function isReported(phase: RunPhase): phase is ReportPhase {
  return phase !== 'pending' && phase !== 'settle' && phase !== 'done';
}

function closePhase(state: RunState, now: number, outcome: string): RunState {
  if (!isReported(state.phase)) return state;
  const record = {
    name: state.phase,
    startedAt: formatInstant(state.since),
    endedAt: formatInstant(Math.max(now, state.since)),
    outcome,
  };
  return { ...state, phases: [...state.phases, record] };
}

function enter(state: RunState, phase: RunPhase, now: number, outcome = 'complete'): RunState {
  return { ...closePhase(state, now, outcome), phase, since: now };
}

/** Which windows the next step will judge: only these need be observed, since that costs a look at every second of them. */
export function windowsToJudge(plan: Plan, { phase, since, windows }: RunState, now: number): Phase[] {
  if (phase === 'before') return windows.before?.to !== undefined && now >= windows.before.to + plan.settleMs ? ['before'] : [];
  return phase === 'settle' && now >= since + plan.settleMs ? ['during', 'after'] : [];
}

function effectsOf(plan: Plan, state: RunState, now: number): Effects {
  const probing =
    state.phase !== 'pending' && state.phase !== 'preflight' && state.phase !== 'done' && plan.hypothesis.length > 0;
  return {
    preflight: state.phase === 'preflight' ? 'run' : 'none',
    probes: probing ? 'run' : 'none',
    fault: faultOrder(state),
    ...(state.phase === 'done' ? {} : { wakeAt: now + pollMs }),
  };
}

function faultOrder({ phase, dirty, touched }: RunState): Effects['fault'] {
  if (dirty && (phase === 'inject' || phase === 'during')) return 'apply';
  return touched ? 'undo' : 'none';
}

/** Only whole seconds are measured: a window that began between two would hold one second less than was asked for, and one of 1 s none. */
function nextWholeSecond(instant: number): number {
  return Math.ceil(instant / 1000) * 1000;
}

function seconds(milliseconds: number): string {
  return `${String(milliseconds / 1000)} s`;
}
