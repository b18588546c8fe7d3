/** How a fault changes while it is active: by steps, and by pulses. What the API server is told of it is in `step-rules.ts`. */
import type * as z from 'zod';
import { duration, filledList, milliseconds, object, refuse } from '../fields.ts';
import type { FaultStep, Pulse } from '../model.ts';
import { withServerRules, withServerSchema } from '../server-rules.ts';
import { changesNothing, nothingToChange, sortedSteps } from './step-rules.ts';
import { changingFields, momentaryFault, toFault, type WrittenFault } from './fault-fields.ts';

/** Of one configuration: the API server must be able to tell what its rules about them cost at most. */
export const mostSteps = 300;
/** Between two steps, and before the first. */
const shortestGap = '1s';
/** As long as a fault may last: a week. */
const latestStep = '168h';

const notLater = `expected at least ${shortestGap} later than the step before`;

const step = withServerSchema(
  object({
    at: duration(shortestGap, latestStep).describe('Since the fault became active on the target.'),
    ...changingFields,
  }),
  { minProperties: 2 },
);
type WrittenStep = z.output<typeof step>;
export const steps = withServerRules(filledList(step, 'steps', mostSteps), sortedSteps);

const phaseOfPulse = () => duration('1s', latestStep);
export const pulse = object({
  active: phaseOfPulse().describe('How long the fault acts.'),
  idle: phaseOfPulse().describe('How long it rests.'),
});

type Written = WrittenFault & { steps?: WrittenStep[]; pulse?: z.output<typeof pulse> };
type Check = { value: Written; issues: z.core.$ZodRawIssue[] };

/** Holds each step against the same checks as the configuration, with what the step changes in it. */
export function checkSteps(context: Check): void {
  const { steps: written = [] } = context.value;
  if (written.length === 0) return;
  if (context.value.type === 'partition') {
    refuse(context, ['steps'], nothingToChange);
    return;
  }
  const own = issuesOf(faultAt(context.value));
  written.forEach((one, index) => {
    const given = Object.keys(one).filter((field) => field !== 'at');
    if (given.length === 0) refuse(context, ['steps', index], changesNothing);
    // What is wrong with a field by itself has been said where it stands.
    if (!step.safeParse(one).success) return;
    refuseTooEarly(context, index);
    for (const { path, message } of issuesOf(faultAt(context.value, one))) {
      const isInherited = own.some((known) => known.message === message && String(known.path) === String(path));
      if (isInherited && !given.includes(String(path[0]))) continue;
      refuse(context, ['steps', index, ...(path as (string | number)[])], message);
    }
  });
}

function refuseTooEarly(context: Check, index: number): void {
  const [before, here] = [context.value.steps?.[index - 1], context.value.steps?.[index]];
  if (before === undefined || here === undefined || !step.shape.at.safeParse(before.at).success) return;
  const gap = milliseconds(here.at) - milliseconds(before.at);
  if (gap < milliseconds(shortestGap)) refuse(context, ['steps', index, 'at'], `${notLater} (${before.at})`);
}

function issuesOf(fault: WrittenFault): readonly z.core.$ZodIssue[] {
  return momentaryFault.safeParse(fault).error?.issues ?? [];
}

/** The complete fault: of the configuration, with what the step changes. */
function faultAt(configuration: Written, one?: WrittenStep): WrittenFault {
  const { steps: _steps, pulse: _pulse, ...base } = configuration;
  if (one === undefined) return base;
  const { at: _at, ...changed } = one;
  return { ...base, ...changed };
}

/** The first step that a fault of this length does not come to. */
export function firstStepAfter(written: Pick<Written, 'steps'> | undefined, durationMs: number): number | undefined {
  const index = (written?.steps ?? []).findIndex(({ at }) => milliseconds(at) >= durationMs);
  return index < 0 ? undefined : index;
}

/** In the order of time, as the schema has checked. */
export function toSteps(written: Written): FaultStep[] {
  return (written.steps ?? []).map((one) => ({ atMs: milliseconds(one.at), fault: toFault(faultAt(written, one)) }));
}

export function toPulse(written: z.output<typeof pulse>): Pulse {
  return { activeMs: milliseconds(written.active), idleMs: milliseconds(written.idle) };
}
