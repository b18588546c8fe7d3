/** Who is hurt, as people write it: one pod by name, or some of the pods that labels select. */
import * as z from 'zod';
import { given } from '../endpoints.ts';
import { anyText, labelSelector, foreignNamespace, object, foreignName, oneOf, parseShare, refuse } from '../fields.ts';
import type { TargetMode, TargetSelector } from '../model.ts';
import { faultConfiguration } from './fault-configuration.ts';

const modeValue = z
  .union([z.number(), z.string()], { error: 'expected a number of pods, or a percentage such as "50"' })
  .meta({ 'x-kubernetes-int-or-string': true });

const expectedModeValue = {
  fixed: 'a whole number of pods, at least 1',
  'fixed-percent': 'a percentage above 0 and up to 100, such as "50"',
  'random-max-percent': 'a percentage above 0 and up to 100, such as "50"',
} as const;

export const target = object({
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
type Written = z.output<typeof target>;

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
