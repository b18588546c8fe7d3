/**
 * The run machine: what a run does next, whether the steady state held, and the verdict.
 * A plan, the state so far, what was gathered and the time come in. The next state and the effects it wants go out; this room is
 * pure, so everything that happens to a run can be replayed.
 */
export { assess } from './assess.ts';
export { assessRecovery, type Suffix } from './recovery.ts';
export { type Candidate, selectTargets } from './select-targets.ts';
export {
  type Effects,
  type Facts,
  initialState,
  type Plan,
  type RunEvent,
  type RunPhase,
  type RunState,
  type SignalFact,
  type SkippedNode,
  type TargetDose,
  type TargetFacts,
  type Window,
} from './state.ts';
export { step, windowsToJudge } from './step.ts';
export { type Ending, judge, type Judgement, type Outcome } from './verdict.ts';
