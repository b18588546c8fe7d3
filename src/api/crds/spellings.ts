/**
 * What the origin's dialect writes otherwise. Squall's parser turns it into the canonical form before it holds it against the
 * schema; the API server has no such step, so its schemas take both. One row for each rewriter of `../dialects/network-machinery`.
 */
import { durationPattern, durationWithin } from '../fields.ts';
import type { Kind } from '../kinds/index.ts';
import { type JsonSchema, never, type ServerRule, toValidation } from '../server-rules.ts';
import { rateInCel } from '../units.ts';
import { at, type Change, inOrder, put, replace, withField } from './edits.ts';

const anyValue = { 'x-kubernetes-preserve-unknown-fields': true };

const withRules =
  (...rules: ServerRule[]): Change =>
  (schema) => {
    const before = (schema['x-kubernetes-validations'] ?? []) as unknown[];
    return { ...schema, 'x-kubernetes-validations': [...before, ...rules.map(toValidation)] };
  };

const changeRules =
  (change: (rule: string) => string): Change =>
  (schema) => {
    const before = (schema['x-kubernetes-validations'] ?? []) as { rule: string }[];
    return { ...schema, 'x-kubernetes-validations': before.map((one) => ({ ...one, rule: change(one.rule) })) };
  };

/** An empty text is read as if the field were absent. */
const orEmpty: Change = (schema) => ({ ...schema, pattern: `^$|${String(schema.pattern)}` });

const flagText = replace({ ...anyValue, enum: [true, false, 'true', 'false'] });
const flagTextOrEmpty = replace({ ...anyValue, enum: [true, false, 'true', 'false', ''] });

/** A whole number, or a text of one. */
const wholeNumberText =
  (pattern: string): Change =>
  ({ description, minimum, maximum }) =>
    replace({ 'x-kubernetes-int-or-string': true, minimum, maximum, pattern })({ description });

/** Any number, or a text of one: of unknown content to Kubernetes, so every other type is refused by its own keywords. */
const numberText =
  (pattern: string): Change =>
  ({ description, minimum, maximum }) =>
    replace({ ...anyValue, ...never.list, ...never.fields, ...never.flag, minimum, maximum, pattern })({ description });

/** A duration, or seconds as the origin counts them. */
const secondsText = (mostSeconds: number, most: string): JsonSchema => ({
  'x-kubernetes-int-or-string': true,
  minimum: 1,
  maximum: mostSeconds,
  maxLength: 48,
  pattern: `^[1-9][0-9]{0,3}$|${durationPattern.source}`,
  'x-kubernetes-validations': [
    toValidation({
      // A text of a number ends in a digit.
      rule: `type(self) == int || !['s', 'm', 'h'].exists(unit, self.endsWith(unit)) || ${durationWithin('self', '1s', most)}`,
      message: `expected a duration with a unit from 1s to ${most}`,
    }),
  ],
});

const names = at('name', orEmpty);

/** The origin names a node by `node`. */
const node = inOrder(
  changeRules((rule) =>
    rule.replaceAll("(has(self.name) && self.name != '')", "(has(self.name) && self.name != '' || has(self.node))"),
  ),
  (schema) => withField('node', (schema.properties as Record<string, JsonSchema>).name ?? {})(schema),
  withRules(
    { rule: "!has(self.node) || self.kind == 'node'", message: 'only used with kind node; remove it', field: 'node' },
    { rule: '!(has(self.node) && has(self.name))', message: 'expected either name or node, not both', field: 'node' },
  ),
);
const endpoint = inOrder(names, at('port', orEmpty), node);

const shaper = inOrder(at('targets[]', names), at('peers[]', endpoint));
const connectivity = inOrder(at('source', names), at('destinations[]', endpoint));

/** iperf counts in k, m and g. */
const bandwidth = replace({
  type: 'string',
  maxLength: 32,
  pattern: '^[0-9]+(\\.[0-9]+)?([kmgt]?bit|[kmgKMG])$',
  'x-kubernetes-validations': [
    toValidation({
      rule: `${rateInCel('self.lowerAscii()', { k: 1e3, m: 1e6, g: 1e9 })} >= 1000.0 && ${rateInCel('self.lowerAscii()', { k: 1e3, m: 1e6, g: 1e9 })} <= 100000000000.0`,
      message: 'expected a rate with a unit from 1kbit to 100gbit, such as 100mbit',
    }),
  ],
});
const misspelt = put({ allOf: [{ not: { required: ['bidirectional', 'bidrectional'] } }] });
const clientConfiguration = inOrder(
  at('bandwidth', bandwidth),
  at('bidirectional', flagText),
  withField('bidrectional', flagText({})),
  misspelt,
);
const performance = inOrder(
  at('clients[]', endpoint, at('configuration', clientConfiguration)),
  at('servers[]', endpoint),
  at('iterations', wholeNumberText('^([1-9][0-9]?|100)$')),
);

const flow = inOrder(
  at('activeTimeout', replace(secondsText(3600, '1h')), orEmpty),
  at('log', flagTextOrEmpty),
  at('flowStart', flagTextOrEmpty),
);
const monitor = inOrder(
  at('flows[]', flow),
  at('thresholds[].value', numberText('^[0-9]{1,15}(\\.[0-9]{1,9})?$')),
  at('thresholds[].metric', orEmpty),
  at('thresholds[].byFlow', flagTextOrEmpty),
  at('eventsConfig.maxEvents', wholeNumberText('^([1-9][0-9]{0,3}|10000)$')),
  at('eventsConfig.timeout', replace(secondsText(600, '10m'))),
);

const instant = '[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})';
const anyNumber = '^-?[0-9]{1,15}(\\.[0-9]{1,9})?$';
const notification = inOrder(
  at('networkEvent.flow', flow),
  at('networkEvent.event.eventID', wholeNumberText('^[0-9]{1,15}$')),
  at('networkEvent.event.threshold', numberText(anyNumber)),
  at('networkEvent.event.value', numberText(anyNumber)),
  // Milliseconds since 1970, an empty text, or an instant with a remark behind it.
  at(
    'networkEvent.event.timestamp',
    replace({ 'x-kubernetes-int-or-string': true, maxLength: 128, pattern: `^(${instant}(\\s.*)?)?$` }),
  ),
);

/** A tree of settings under `net`; the parser looks into it. */
const modulesValidator = inOrder(
  withField('net', {
    type: 'object',
    ...anyValue,
    minProperties: 1,
    description: "The origin's tree of sysctls; write sysctls instead.",
  }),
  changeRules((rule) => (rule.includes('size(self.sysctls)') ? `has(self.net) || ${rule}` : rule)),
  withRules({ rule: '!(has(self.net) && has(self.sysctls))', message: 'expected either net or sysctls, not both', field: 'net' }),
);

const qperfTests = at('protocol', put({ enum: ['tcp', 'udp', 'tcp_lat', 'udp_lat'] }));

const experiment = inOrder(
  at('fault', shaper),
  at('hypothesis[].connectivity', connectivity),
  at('hypothesis[].performance', performance),
);

export const spellings: Record<Kind, Change> = {
  NetworkTrafficShaper: shaper,
  NetworkConnectivityTest: connectivity,
  NetworkPerformanceTest: performance,
  NetworkDelayTest: inOrder(qperfTests, connectivity),
  NetworkMonitor: monitor,
  NetworkNotification: notification,
  NetworkModulesValidator: modulesValidator,
  NetworkExperiment: experiment,
  NetworkExperimentSchedule: at('experimentTemplate.spec', experiment),
  NetworkGameDay: at('steps[].experiment', experiment),
  NetworkHalt: (schema) => schema,
  NodeTask: (schema) => schema,
};
