/** What is counted and measured of a fault on one target, over all of its versions. */
import type { Dose, FaultWork, TargetStatus } from '../api/index.ts';
import { formatInstant } from '../lib/index.ts';
import type { AgentContext } from './context.ts';
import { measureDose } from './dose.ts';
import { newShaping, seeShaping } from './dose-by-counters.ts';
import { pingFactsOf } from './dose-probe.ts';
import type { FaultReading } from './kernel-driver.ts';
import { type FaultTarget, freshPings } from './target-state.ts';

/** A version that acted for less met too little for its dose to be held against it. */
const judgeableMs = 5000;
const mostPastSteps = 32;

/** How long the present version has acted, without the rests of a pulse. */
export function actedMs({ actedBefore, actingSince, resting }: FaultTarget, monotonic: number): number {
  return actedBefore + (resting ? 0 : monotonic - actingSince);
}

/** Counters, exposure and dose into the status. */
export function see({ clock }: AgentContext, target: FaultTarget, reading: FaultReading): void {
  const { shaped } = reading;
  const now = clock.monotonic();
  if (shaped !== undefined) target.shaping = seeShaping(target.shaping, shaped, now);
  const dose = doseOf(target, reading);
  const told = isTold(target, dose, now) ? { dose } : {};
  target.status = { ...target.status, ...sumOf(target.past, reading), ...told };
}

/** The last reading of a version that left, which was of the step before; and a new account for the one that acts. */
export function account({ clock }: AgentContext, target: FaultTarget, old: FaultWork, reading: FaultReading, step: number): void {
  const now = clock.monotonic();
  const dose = doseOf({ ...target, work: old }, reading);
  const shown = isTold(target, dose, now) ? dose : target.status.dose;
  target.past = sumOf(target.past, reading);
  if (step === target.step) {
    target.isShown = shown?.ok === true;
    target.status = { ...target.status, ...(shown === undefined ? {} : { dose: shown }) };
  } else {
    const since = formatInstant(clock.now() - (now - target.stepSince));
    const past = { step: target.step, since, effect: old.effect, ...(shown === undefined ? {} : { dose: shown }) };
    const { dose: _ofStep, ...status } = target.status;
    target.status = { ...status, step, pastSteps: [...(target.status.pastSteps ?? []), past].slice(-mostPastSteps) };
    target.isShown = false;
    target.stepSince = now;
  }
  target.actedBefore = 0;
  target.actingSince = now;
  target.step = step;
  target.shaping = newShaping();
}

/** Pings to those peers of the next version whose round trips were seen before they were hurt. */
export function countPingsAnew(target: FaultTarget, addresses: readonly string[]): void {
  const { pings } = target;
  if (pings !== undefined)
    target.pings = freshPings(
      pings,
      addresses.filter((one) => pings.baseline[one] !== undefined),
    );
}

/** What an earlier version of a step has shown, a later one that met less does not take back. */
function isTold(target: FaultTarget, dose: Dose | undefined, monotonic: number): dose is Dose {
  if (dose === undefined || dose.ok || target.versions === 0) return dose !== undefined;
  return !target.isShown && actedMs(target, monotonic) >= judgeableMs;
}

function doseOf({ work, pings, shaping }: FaultTarget, counters: FaultReading): Dose | undefined {
  return measureDose(work, { pings: pings && pingFactsOf(pings), counters, shaping: shaping.total });
}

type Counted = Pick<TargetStatus, 'counters' | 'exposure'>;

/** What earlier versions have counted, and this one. */
function sumOf({ counters: past, exposure: exposed = {} }: Counted, reading: FaultReading): Required<Counted> {
  const { packets, bytes, drops, exposure } = reading;
  const { packets: packetsBefore = 0, bytes: bytesBefore = 0, drops: dropsBefore = 0 } = past ?? {};
  const sums = Object.entries(exposure).map(([hypothesis, count]): [string, number] => [
    hypothesis,
    (exposed[hypothesis] ?? 0) + count,
  ]);
  return {
    counters: { packets: packetsBefore + packets, bytes: bytesBefore + bytes, drops: dropsBefore + drops },
    exposure: { ...exposed, ...Object.fromEntries(sums) },
  };
}
