import { mostHeartbeatSilenceMs } from '../api/index.ts';
import type { Facts, Plan, RunState, SignalFact } from './state.ts';
import type { Ending } from './verdict.ts';

/** What may be wrong with a signal, the worst first; `quiet` is all that is not. */
const doubts = ['firing', 'missing', 'undecidable', 'lost', 'waiting', 'learning'] as const;
type Doubt = (typeof doubts)[number];
type DoubtfulSignal = SignalFact & { state: Doubt };

/**
 * Where a run looks at its signals: `preflight`, and `start` where what follows is not measured before a fault; `before`, while it is; `brink`,
 * at the last step before a fault; `active`, while one may be in, or the steady state is measured without any.
 */
type Stage = 'preflight' | 'start' | 'before' | 'brink' | 'active';

/** Milliseconds that a doubt is borne before it ends the run. */
type Patience = Record<Doubt, number>;

/** The run goes on with it. */
const fine = Infinity;
/** From the end of the checks: the arming has to reach the observer, then the first samples and its answer have to come. */
const firstAnswerMs = 10_000;

const strict: Patience = { firing: 0, missing: 0, undecidable: 0, lost: 0, waiting: fine, learning: fine };
/** What has not been looked at yet looks at first like what is gone. */
const atFirst = { missing: mostHeartbeatSilenceMs, undecidable: mostHeartbeatSilenceMs, lost: mostHeartbeatSilenceMs };

const patience: Record<Stage, Patience> = {
  preflight: { ...strict, ...atFirst, waiting: firstAnswerMs },
  start: { ...strict, ...atFirst, waiting: firstAnswerMs, learning: firstAnswerMs },
  before: strict,
  // A baseline that has just become long enough is told with one of the next heartbeats.
  brink: { ...strict, waiting: mostHeartbeatSilenceMs, learning: mostHeartbeatSilenceMs },
  // Nobody would see the harm meanwhile: as if the observer were silent.
  active: { ...strict, waiting: mostHeartbeatSilenceMs, learning: mostHeartbeatSilenceMs },
};

const reasons: Record<Doubt, { refused: string; aborted: string }> = {
  firing: { refused: 'SignalFiring', aborted: 'MonitorFired' },
  missing: { refused: 'MonitorNotFound', aborted: 'SignalLost' },
  undecidable: { refused: 'SignalUndecidable', aborted: 'SignalUndecidable' },
  lost: { refused: 'SignalLost', aborted: 'SignalLost' },
  waiting: { refused: 'SignalNotReady', aborted: 'SignalLost' },
  learning: { refused: 'BaselineTooShort', aborted: 'SignalLost' },
};

/** `clear`: nothing that is armed stands in the way of what the stage leads to; `unclear`: that may still become so; `ending`: it does. */
export type Standing = { kind: 'clear' | 'unclear'; state: RunState } | { kind: 'ending'; ending: Ending };

/** What the armed monitors mean for a run. Invariant: `brink` is clear only where each of them is quiet. */
export function judgeSignals(plan: Plan, state: RunState, facts: Facts, stage: Stage, now: number): Standing {
  const borne = patience[stage];
  const doubtful = armedSignals(plan, facts)
    .filter((signal): signal is DoubtfulSignal => signal.state !== 'quiet' && borne[signal.state] !== fine)
    .sort((one, other) => doubts.indexOf(one.state) - doubts.indexOf(other.state));
  const { unclearSince, ...clear } = state;
  if (doubtful.length === 0) return { kind: 'clear', state: unclearSince === undefined ? state : clear };
  const since = unclearSince ?? now;
  const worst = doubtful.find((signal) => now - since >= borne[signal.state]);
  if (worst) return { kind: 'ending', ending: endingBy(worst, stage) };
  return { kind: 'unclear', state: unclearSince === undefined ? { ...state, unclearSince: since } : state };
}

/** Of a rule that nobody has looked at nothing is known. */
function armedSignals({ abort }: Plan, { signals }: Facts): SignalFact[] {
  return abort.flatMap((rule) => {
    if (rule.kind !== 'monitor') return [];
    const { ref: monitor, threshold } = rule.monitor;
    const found = signals.find((signal) => signal.monitor === monitor && signal.threshold === threshold);
    return found ?? { monitor, threshold, state: 'waiting', message: `${monitor}/${threshold}: nobody has looked at it` };
  });
}

function endingBy({ message, at, ...signal }: DoubtfulSignal, stage: Stage): Ending {
  const { refused, aborted } = reasons[signal.state];
  if (stage !== 'active') return { kind: 'refused', reason: refused, message };
  return { kind: 'aborted', reason: aborted, message, ...(at === undefined ? {} : { at }), signal };
}

/** A notification is made after its crossing was told: it is added to what cut the run once it is known. */
export function withNotification(state: RunState, { signals }: Facts): RunState {
  const { ending, phase } = state;
  if (phase === 'done' || ending?.kind !== 'aborted' || ending.signal === undefined) return state;
  const { monitor, threshold, notification } = ending.signal;
  if (notification !== undefined) return state;
  const told = signals.find((signal) => signal.monitor === monitor && signal.threshold === threshold)?.notification;
  return told === undefined ? state : { ...state, ending: { ...ending, signal: { ...ending.signal, notification: told } } };
}
