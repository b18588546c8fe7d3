/** Which field goes with which type of fault, within the limits of tc and of the kernel's netem; and the same for the API server. */
import { durationPattern, durationWithin } from '../fields.ts';
import { matchesInCel, quotedList, type ServerRule } from '../server-rules.ts';
import { percentInCel, rateInCel, ratePattern } from '../units.ts';

/** tc hands times over as a 32-bit count of 64 ns ticks; measured with iproute2 6.1: 275 s is refused, 4295 s wraps to 33 ms. */
export const longestDelay = '274877906us';
/** The kernel cuts a longer jitter silently to 2³¹−1 ns. */
export const longestJitter = '2147483us';
/** The kernel keeps probabilities as 32-bit fractions; below this, rounding would change the dose or end it. */
export const smallestPercent = 0.00001;

export const overtakingNobody =
  'expected at least 2 where 100% leave at once: of packets that all leave at once nobody is overtaken';

export const typeFields = {
  delay: ['value', 'jitter', 'distribution'],
  loss: ['value', 'burst'],
  duplicate: ['value'],
  corrupt: ['value'],
  reorder: ['value', 'delay', 'gap'],
  rate: ['value', 'latency'],
  slot: ['value', 'max'],
  partition: [],
} as const;
export type FaultType = keyof typeof typeFields;
export const fieldsOfTypes = ['value', 'jitter', 'distribution', 'burst', 'delay', 'gap', 'latency', 'max'] as const;

export function typesWith(field: string): string[] {
  return Object.entries(typeFields).flatMap(([type, fields]) => ((fields as readonly string[]).includes(field) ? [type] : []));
}

export const expectedValue = {
  delay: 'a duration with a unit from 1us to 274s, such as 200ms',
  loss: 'a percentage from 0.00001% to 100%, such as 10%',
  duplicate: 'a percentage from 0.00001% to 100%, such as 10%',
  corrupt: 'a percentage from 0.00001% to 100%, such as 10%',
  reorder: 'a percentage from 0.00001% to 100%, such as 25%',
  rate: 'a rate with a unit from 8bit to 100gbit, such as 10mbit',
  slot: 'a duration with a unit from 1us to 274s, such as 20ms',
} as const;

const percentPattern = /^[0-9]+(\.[0-9]+)?%$/;
export const wholeMicrosecondsInCel = (value: string) => `int(duration(${value})) % 1000 == 0`;

/** The checks of a configuration as the server knows them. */
export const configurationRules: ServerRule[] = [
  ...fieldsOfTypes.map((field) => {
    const users = typesWith(field);
    const message = `only used with type ${users.join(', ')}; remove it`;
    return { rule: `!has(self.${field}) || self.type in ${quotedList(users)}`, message, field };
  }),
  ...(Object.keys(expectedValue) as (keyof typeof expectedValue)[]).map((type) => ({
    rule: `self.type != '${type}' || has(self.value) && ${valueInCel(type)}`,
    message: `with type ${type} expected ${expectedValue[type]}`,
    field: 'value',
  })),
  {
    rule: `self.type != 'delay' || !has(self.jitter) || !has(self.value) || !${matchesInCel('self.value', durationPattern)} || duration(self.jitter) <= duration(self.value)`,
    message: 'expected at most the delay itself: no packet can leave before it came',
    field: 'jitter',
  },
  {
    rule: "self.type != 'delay' || !has(self.distribution) || has(self.jitter) && duration(self.jitter) > duration('0s')",
    message: 'expected jitter beside it: without jitter there is nothing to distribute',
    field: 'distribution',
  },
  {
    rule: `self.type != 'loss' || !has(self.burst) || self.burst == 1.0 || !has(self.value) || !${matchesInCel('self.value', percentPattern)} || ${percentInCel('self.value')} <= self.burst * (100.0 - ${percentInCel('self.value')})`,
    message: 'so much loss cannot come in bursts this short; expected longer ones, or 1 for independent loss',
    field: 'burst',
  },
  {
    rule: "self.type != 'reorder' || has(self.delay)",
    message: 'required with type reorder: only packets that are held back can be overtaken',
    field: 'delay',
  },
  {
    rule: `self.type != 'reorder' || has(self.gap) && self.gap > 1 || !has(self.value) || !${matchesInCel('self.value', percentPattern)} || ${percentInCel('self.value')} < 100.0`,
    message: overtakingNobody,
    field: 'gap',
  },
  {
    rule: "self.type != 'slot' || has(self.max)",
    message: 'required with type slot; expected the longest time between slots',
    field: 'max',
  },
  {
    rule: `self.type != 'slot' || !has(self.max) || !has(self.value) || !${matchesInCel('self.value', durationPattern)} || duration(self.max) >= duration(self.value)`,
    message: 'expected at least the value',
    field: 'max',
  },
];

/** Whether `self.value` reads as the value of its type. In CEL `false && error` is false, so what follows a pattern may rely on it. */
function valueInCel(type: keyof typeof expectedValue): string {
  const value = 'self.value';
  switch (type) {
    case 'delay':
    case 'slot':
      return `${matchesInCel(value, durationPattern)} && ${durationWithin(value, '1us', longestDelay)} && ${wholeMicrosecondsInCel(value)}`;
    case 'rate':
      return `${matchesInCel(value, ratePattern)} && ${rateInCel(value)} >= 8.0 && ${rateInCel(value)} <= 100000000000.0`;
    default:
      return `${matchesInCel(value, percentPattern)} && ${percentInCel(value)} >= ${smallestPercent.toFixed(5)} && ${percentInCel(value)} <= 100.0`;
  }
}
