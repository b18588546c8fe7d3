/** Who is hurt, as people write it: one pod by name, or some of the pods that labels select. */
import * as z from 'zod';
import { given } from '../endpoints.ts';
import { anyText, labelSelector, foreignNamespace, object, foreignName, oneOf, parseShare, refuse } from '../fields.ts';
import type { TargetMode, TargetSelector } from '../model.ts';
import { quotedList, type ServerRule, when, withServerRules, withServerSchema } from '../server-rules.ts';
import { faultConfiguration } from './fault-configuration.ts';

/** A percentage above 0 and up to 100, with or without its sign. */
const percentPattern =
  '(100(\\.0{1,9})?|0?[1-9](\\.[0-9]{1,9})?|[1-9][0-9](\\.[0-9]{1,9})?|0{1,2}\\.[0-9]{0,8}[1-9][0-9]{0,8})%?';
const countPattern = '[1-9][0-9]{0,5}';

const modeValue = z.union([z.int(), z.string()], { error: 'expected a whole number, or a text such as "50" or "33.3"' }).meta({
  'x-kubernetes-int-or-string': true,
  minimum: 1,
  maximum: 999_999,
  pattern: `^(${countPattern}|${percentPattern})$`,
});

const countModes = ['fixed'] as const;
const percentModes = ['fixed-percent', 'random-max-percent'] as const;

const expectedModeValue = {
  fixed: 'a whole number of pods, at least 1',
  'fixed-percent': 'a percentage above 0 and up to 100, such as "50"',
  'random-max-percent': 'a percentage above 0 and up to 100, such as "50"',
} as const;

const targetObject = object({
  kind: oneOf('pod', 'selector'),
  namespace: foreignNamespace.optional(),
  name: foreignName.optional(),
  targetSelector: labelSelector.optional(),
  mode: oneOf('all', 'one', 'fixed', 'fixed-percent', 'random-max-percent').optional().describe('Default all.'),
  value: modeValue.optional().describe('How many pods, or what percentage of them, by mode.'),
  configuration: faultConfiguration.optional().describe("Only where targets differ; else use the shaper's own."),
  container: anyText('the name of a container', 253).optional().describe('Not used: the containers of a pod share its network.'),
}).check((context) => {
  const { kind, mode, value } = context.value;
  const needed = kind === 'pod' ? 'name' : 'targetSelector';
  const foreign = kind === 'pod' ? (['targetSelector', 'mode', 'value'] as const) : (['name'] as const);
  if (context.value[needed] === undefined) refuse(context, [needed], `required with kind ${kind}`);
  for (const field of foreign) {
    if (context.value[field] !== undefined) refuse(context, [field], `not used with kind ${kind}; remove it`);
  }
  if (kind === 'pod' || toMode(mode, value) !== undefined) return;
  if (mode === undefined || mode === 'all' || mode === 'one') {
    refuse(context, ['value'], `not used with mode ${mode ?? 'all'}; remove it, or write mode fixed or fixed-percent`);
  } else {
    refuse(context, ['value'], `${value === undefined ? 'required; ' : ''}with mode ${mode} expected ${expectedModeValue[mode]}`);
  }
});
type Written = z.output<typeof targetObject>;

const hasMode = `has(self.mode) && self.mode in ${quotedList([...countModes, ...percentModes])}`;

/** The origin's manifests name a pod and a selector at once: the kind decides. */
const targetRules: ServerRule[] = [
  { rule: "self.kind != 'pod' || has(self.name) && self.name != ''", message: 'required with kind pod', field: 'name' },
  {
    rule: "self.kind != 'selector' || has(self.targetSelector)",
    message: 'required with kind selector',
    field: 'targetSelector',
  },
  { rule: "self.kind != 'pod' || !has(self.mode)", message: 'not used with kind pod; remove it', field: 'mode' },
  { rule: "self.kind != 'pod' || !has(self.value)", message: 'not used with kind pod; remove it', field: 'value' },
  {
    rule: `self.kind == 'pod' || !has(self.value) || ${hasMode}`,
    message: 'not used with modes all and one; remove it, or write mode fixed or fixed-percent',
    field: 'value',
  },
  {
    rule: `!(${hasMode}) || has(self.value)`,
    message: `required with modes ${[...countModes, ...percentModes].join(', ')}`,
    field: 'value',
  },
];

export const target = withServerSchema(withServerRules(targetObject, targetRules), {
  // CEL would have to cut a text whose length it takes for 3 MB.
  allOf: [
    when('mode', countModes, { properties: { value: { pattern: `^${countPattern}$` } } }),
    when('mode', percentModes, { properties: { value: { pattern: `^${percentPattern}$`, maximum: 100 } } }),
  ],
});

/** Undefined when the value does not fit the mode. */
function toMode(mode: Written['mode'] = 'all', value: Written['value']): TargetMode | undefined {
  switch (mode) {
    case 'all':
    case 'one':
      return value === undefined ? { mode } : undefined;
    case 'fixed':
      return /^[1-9]\d{0,5}$/.test(String(value)) ? { mode, count: Number(value) } : undefined;
    default: {
      // Both `50` and `50%` are taken.
      const percent = value === undefined ? undefined : parseShare(`${String(value).replace(/%$/, '')}%`);
      return percent === undefined ? undefined : { mode, percent };
    }
  }
}

export function toTarget(written: Written, namespace: string): TargetSelector {
  const home = written.namespace ?? namespace;
  if (written.kind === 'pod') return { kind: 'pod', namespace: home, name: given(written.name) };
  const mode = given(toMode(written.mode, written.value));
  return { kind: 'selector', namespace: home, selector: given(written.targetSelector), mode };
}
