/**
 * The checks of a fault's steps as the API server knows them. A rule in CEL is reckoned for every step of every target of every step of
 * a game day, so whatever a pattern can say is said in JSON Schema, which costs nothing; what is left to Squall is in docs/crds.md.
 */
import { durationPattern, durationWithin } from '../fields.ts';
import { type JsonSchema, never, type ServerRule, when } from '../server-rules.ts';
import { ratePattern } from '../units.ts';
import { type FaultType, fieldsOfTypes, longestDelay, typeFields, wholeMicrosecondsInCel } from './fault-types.ts';

export const nothingToChange = 'not used with type partition, which has nothing to change; remove it, or write a pulse';
export const changesNothing = 'expected a field to change beside at, such as value';

export const sortedSteps: ServerRule[] = [
  {
    rule: 'self.map(one, duration(one.at)).isSorted()',
    message: 'expected each step later than the step before',
  },
];

/** From 0.00001% to 100%. */
const sharePattern = '^0*([1-9][0-9]?(\\.[0-9]+)?|0\\.0{0,4}[1-9][0-9]*|100(\\.0+)?)%$';

const patternOfValue = {
  delay: durationPattern.source,
  loss: sharePattern,
  duplicate: sharePattern,
  corrupt: sharePattern,
  reorder: sharePattern,
  rate: ratePattern.source,
  slot: durationPattern.source,
} as const satisfies Record<Exclude<FaultType, 'partition'>, string>;

/** No value is of the field's type and takes these. */
const absent = {
  value: never.text,
  jitter: never.text,
  distribution: never.text,
  burst: never.number,
  delay: never.text,
  gap: never.number,
  latency: never.text,
  max: never.text,
} as const satisfies Record<(typeof fieldsOfTypes)[number], JsonSchema>;

/** Which fields a step may have by the type of the configuration around it, and what its value looks like. */
export const stepKeywords: JsonSchema = {
  allOf: (Object.keys(patternOfValue) as (keyof typeof patternOfValue)[]).map((type) => {
    const own: readonly string[] = typeFields[type];
    const foreign = fieldsOfTypes.filter((field) => !own.includes(field)).map((field) => [field, absent[field]] as const);
    const properties = { value: { pattern: patternOfValue[type] }, ...Object.fromEntries(foreign) };
    return when('type', [type], { properties: { steps: { items: { properties } } } });
  }),
};

/** Of a step, else of the configuration. */
const jitter = "duration(has(one.jitter) ? one.jitter : has(self.jitter) ? self.jitter : '0s')";
const everyStep = (types: string, condition: string) => `!(${types}) || !has(self.steps) || self.steps.all(one, ${condition})`;

export const stepRules: ServerRule[] = [
  { rule: "self.type != 'partition' || !has(self.steps)", message: nothingToChange, field: 'steps' },
  {
    rule: everyStep(
      "self.type in ['delay', 'slot']",
      `!has(one.value) || ${durationWithin('one.value', '1us', longestDelay)} && ${wholeMicrosecondsInCel('one.value')}`,
    ),
    message: 'expected of each value a duration with a unit from 1us to 274s, such as 200ms',
    field: 'steps',
  },
  {
    rule: everyStep("self.type == 'delay' && has(self.value)", `${jitter} <= duration(has(one.value) ? one.value : self.value)`),
    message: 'expected of each jitter at most the delay itself: no packet can leave before it came',
    field: 'steps',
  },
  {
    rule: everyStep("self.type == 'delay'", `!has(one.distribution) && !has(self.distribution) || ${jitter} > duration('0s')`),
    message: 'expected jitter beside each distribution: without jitter there is nothing to distribute',
    field: 'steps',
  },
  {
    rule: everyStep(
      "self.type == 'slot' && has(self.value) && has(self.max)",
      'duration(has(one.max) ? one.max : self.max) >= duration(has(one.value) ? one.value : self.value)',
    ),
    message: 'expected of each max at least the value',
    field: 'steps',
  },
];

export const neverComes = (duration: string) =>
  `expected less than the run's duration (${duration}): this step would never come; remove it, or lengthen the run`;

/** Steps ascend, so the last one tells. */
const lastIsEarly = (configuration: string) =>
  `!has(${configuration}) || !has(${configuration}.steps) || duration(${configuration}.steps[size(${configuration}.steps) - 1].at) < duration(self.duration)`;

/** Of an experiment. */
export const lateStepRules: ServerRule[] = [
  {
    rule: `!has(self.fault) || ${lastIsEarly('self.fault.configuration')}`,
    message: "expected steps before the run's end: a later one would never come",
    field: 'fault.configuration',
  },
  {
    rule: `!has(self.fault) || !has(self.fault.targets) || self.fault.targets.all(one, ${lastIsEarly('one.configuration')})`,
    message: "expected steps before the run's end: a later one would never come",
    field: 'fault.targets',
  },
];
