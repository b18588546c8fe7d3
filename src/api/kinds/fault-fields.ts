/** A fault as it is at one moment, as people write it, with the limits of tc and of the kernel's netem. */
import * as z from 'zod';
import { parseDuration } from '../../lib/index.ts';
import { given } from '../endpoints.ts';
import { deviceName, duration, integer, milliseconds, number, object, oneOf, parseShare, refuse } from '../fields.ts';
import type { Fault } from '../model.ts';
import { withServerRules } from '../server-rules.ts';
import { parseRate } from '../units.ts';
import {
  expectedValue,
  type FaultType,
  fieldsOfTypes,
  longestDelay,
  longestJitter,
  overtakingNobody,
  smallestPercent,
  typeFields,
  typesWith,
  wholeMicrosecondsInCel,
} from './fault-types.ts';

const wholeMicroseconds = 'expected whole microseconds: tc cuts the rest off';

const netemTime = () =>
  withServerRules(
    duration('1us', longestDelay).refine((value) => isWholeMicroseconds(parseDuration(value) ?? 0), { error: wholeMicroseconds }),
    [{ rule: wholeMicrosecondsInCel('self'), message: wholeMicroseconds }],
  );

/** Made once: it is asked for each of many steps. */
const delayValue = netemTime();

function isWholeMicroseconds(time: number): boolean {
  // What binary fractions add is far below a nanosecond.
  return Math.abs(time * 1000 - Math.round(time * 1000)) < 1e-4;
}

const valueText = z
  .string({
    error: ({ input }) =>
      typeof input === 'number'
        ? `a number without unit; expected such as ${input}ms for a time, ${input}% for a share or ${input}mbit for a rate`
        : 'expected a text with a unit, such as 200ms, 10% or 10mbit',
  })
  .max(32, { error: 'expected at most 32 characters' });

/** What may change while a fault is active. */
export const changingFields = {
  value: valueText.optional(),
  jitter: duration('0s', longestJitter).optional().describe('Half-width, or standard deviation with a distribution but uniform.'),
  distribution: oneOf('uniform', 'normal', 'pareto', 'paretonormal').optional().describe('Default uniform.'),
  burst: number(1, 10_000).optional().describe('Mean length of a burst of lost packets; default 1, independent loss.'),
  delay: netemTime().optional(),
  gap: integer(1, 1000).optional(),
  latency: duration('1ms', '60s').optional().describe('Longest time a packet waits in the queue; default 50ms.'),
  max: netemTime().optional(),
};

export const faultFields = {
  type: oneOf('delay', 'loss', 'duplicate', 'corrupt', 'reorder', 'rate', 'partition', 'slot'),
  device: deviceName.optional().describe('Default eth0.'),
  ...changingFields,
};
const faultObject = object(faultFields);
export type WrittenFault = z.output<typeof faultObject>;
type Check = { value: WrittenFault; issues: z.core.$ZodRawIssue[] };

/** What the fields of one fault must be together. */
export function checkFault(context: Check): void {
  const value = context.value;
  refuseForeignFields(context);
  if (value.type === 'partition') return;
  if (value.value === undefined || !readsAs(value.type, value.value)) {
    const required = value.value === undefined ? 'required; ' : '';
    refuse(context, ['value'], `${required}expected ${expectedValue[value.type]}${unitHint(value.type, value.value)}`);
    return;
  }
  if (value.type === 'delay') refuseWildJitter(context, value.value);
  if (value.type === 'loss') refuseImpossibleBurst(context, value.value);
  if (value.type === 'reorder' && value.delay === undefined) {
    refuse(context, ['delay'], 'required with type reorder: only packets that are held back can be overtaken');
  }
  if (value.type === 'reorder' && parseShare(value.value) === 100 && (value.gap ?? 1) === 1) {
    refuse(context, ['gap'], overtakingNobody);
  }
  if (value.type === 'slot') refuseMissingOrSmallMax(context, value.value);
}

/** One fault by itself, judged as a configuration is. */
export const momentaryFault = faultObject.check(checkFault);

function refuseForeignFields(context: Check): void {
  const own: readonly string[] = typeFields[context.value.type];
  for (const field of fieldsOfTypes) {
    if (context.value[field] === undefined || own.includes(field)) continue;
    const users = typesWith(field).join(', ');
    refuse(context, [field], `not used with type ${context.value.type}, only with ${users}; remove it`);
  }
}

function readsAs(type: Exclude<FaultType, 'partition'>, value: string): boolean {
  switch (type) {
    case 'delay':
    case 'slot':
      return delayValue.safeParse(value).success;
    case 'rate': {
      const bitsPerSecond = parseRate(value) ?? 0;
      return bitsPerSecond >= 8 && bitsPerSecond <= 100e9;
    }
    default:
      return (parseShare(value) ?? 0) >= smallestPercent;
  }
}

/** A bare number is the commonest slip: say how it is written. */
function unitHint(type: FaultType, value: string | undefined): string {
  if (value === undefined || !/^\d+(\.\d+)?$/.test(value)) return '';
  const unit = type === 'delay' || type === 'slot' ? 'ms' : type === 'rate' ? 'mbit' : '%';
  return `; did you mean ${value}${unit}?`;
}

function refuseWildJitter(context: Check, value: string): void {
  const jitter = parseDuration(context.value.jitter ?? '0s') ?? 0;
  if (jitter > milliseconds(value)) {
    refuse(context, ['jitter'], `expected at most the delay itself (${value}): no packet can leave before it came`);
  }
  if (context.value.distribution !== undefined && jitter === 0) {
    refuse(context, ['distribution'], 'expected jitter beside it: without jitter there is nothing to distribute');
  }
}

/**
 * With loss L and mean burst length B the two-state model (Gilbert 1960) enters a burst with p = L / (B (1 − L)), which must
 * be a probability.
 */
function refuseImpossibleBurst(context: Check, value: string): void {
  // In percent, so that 90 % and 9 come out as exactly the limit.
  const loss = parseShare(value) ?? 0;
  const burst = context.value.burst ?? 1;
  if (burst === 1) return;
  if (loss === 100) {
    refuse(context, ['burst'], 'with 100% loss every packet is lost and there are no bursts; remove it');
  } else if (loss / (burst * (100 - loss)) > 1) {
    const least = Math.ceil(loss / (100 - loss));
    refuse(
      context,
      ['burst'],
      `${value} loss cannot come in bursts this short; expected at least ${least}, or 1 for independent loss`,
    );
  }
}

function refuseMissingOrSmallMax(context: Check, value: string): void {
  const { max } = context.value;
  if (max === undefined) refuse(context, ['max'], 'required with type slot; expected the longest time between slots');
  else if ((parseDuration(max) ?? 0) < milliseconds(value)) refuse(context, ['max'], `expected at least the value (${value})`);
}

export function toFault(written: WrittenFault): Fault {
  const value = () => given(written.value);
  const percent = () => given(parseShare(value()));
  switch (written.type) {
    case 'delay':
      return {
        type: 'delay',
        delayMs: milliseconds(value()),
        jitterMs: milliseconds(written.jitter ?? '0s'),
        distribution: written.distribution ?? 'uniform',
      };
    case 'loss':
      return { type: 'loss', percent: percent(), burst: written.burst ?? 1 };
    case 'duplicate':
    case 'corrupt':
      return { type: written.type, percent: percent() };
    case 'reorder':
      return { type: 'reorder', percent: percent(), gap: written.gap ?? 1, delayMs: milliseconds(given(written.delay)) };
    case 'rate':
      return { type: 'rate', bitsPerSecond: given(parseRate(value())), latencyMs: milliseconds(written.latency ?? '50ms') };
    case 'slot':
      return { type: 'slot', minMs: milliseconds(value()), maxMs: milliseconds(given(written.max)) };
    case 'partition':
      return { type: 'partition' };
  }
}
