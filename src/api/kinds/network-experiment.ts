/** NetworkExperiment: one run of steady state, fault, undo and verdict. */
import * as z from 'zod';
import { parseDuration } from '../../lib/index.ts';
import {
  anyText,
  duration,
  list,
  localName,
  milliseconds,
  object,
  objectName,
  oneOf,
  ref,
  refOr,
  refuse,
  refuseTwins,
} from '../fields.ts';
import { apiVersion } from '../metadata.ts';
import type { AbortRule, Experiment } from '../model.ts';
import type { Path } from '../problems.ts';
import { type ServerRule, withServerRules } from '../server-rules.ts';
import { blastRadius, toBlastRadius } from './blast-radius.ts';
import { defineKind } from './definition.ts';
import { firstStepAfter } from './fault-steps.ts';
import { lateStepRules, neverComes } from './step-rules.ts';
import { hypothesis, phasesOf, toHypothesisEntry } from './hypothesis.ts';
import { longestDuration, shaperFields, shaperSpec, toShaper } from './network-traffic-shaper.ts';

const abortObject = object({
  hypothesis: localName.optional(),
  for: duration('1s', '1h').optional().describe('How long the hypothesis must be violated without a break.'),
  monitor: object({ ref: objectName, threshold: anyText('the name of a threshold of the monitor', 128) }).optional(),
}).check((context) => {
  const { hypothesis: name, for: time, monitor } = context.value;
  if ((name === undefined) === (monitor === undefined)) {
    refuse(context, [], 'expected either {hypothesis, for} or {monitor: {ref, threshold}}');
  } else if (name !== undefined && time === undefined) {
    refuse(context, ['for'], 'required with hypothesis; expected a duration such as 5s');
  } else if (monitor !== undefined && time !== undefined) {
    refuse(context, ['for'], 'not used with monitor, whose threshold has its own time; remove it');
  }
});

const abortRule = withServerRules(abortObject, [
  {
    rule: 'has(self.hypothesis) != has(self.monitor)',
    message: 'expected either {hypothesis, for} or {monitor: {ref, threshold}}',
  },
  {
    rule: '!has(self.hypothesis) || has(self.for)',
    message: 'required with hypothesis; expected a duration such as 5s',
    field: 'for',
  },
  {
    rule: '!has(self.monitor) || !has(self.for)',
    message: 'not used with monitor, whose threshold has its own time; remove it',
    field: 'for',
  },
]);

const seedExpected = 'expected a text of 1 to 64 characters';

const experimentObject = object({
  duration: duration('1s', longestDuration).describe('How long the fault is kept.'),
  fault: refOr(shaperFields, shaperSpec).optional(),
  before: duration('0s', '24h').optional().describe('Default 10s.'),
  after: duration('0s', '24h').optional().describe('Default 10s.'),
  hypothesis: hypothesis.optional(),
  preflight: list(ref, 'references to NetworkModulesValidators', 16).optional(),
  abort: list(abortRule, 'abort rules', 16).optional(),
  blastRadius: blastRadius.optional().describe('The most that the run may hurt; more is Refused.'),
  onUnsupported: oneOf('refuse', 'skip')
    .optional()
    .describe(
      'What becomes of the run where some nodes cannot do the fault: it is Refused, or hurts only the targets on the others. Default refuse.',
    ),
  seed: z
    .union([z.int(), z.string()], { error: seedExpected })
    .refine((value) => String(value).length >= 1 && String(value).length <= 64, { error: seedExpected })
    .optional()
    .describe('Decides who is hurt where not all are; drawn when absent.')
    .meta({ 'x-kubernetes-int-or-string': true, minLength: 1, maxLength: 64 }),
}).check((context) => {
  const { fault, hypothesis: entries = [] } = context.value;
  if (fault === undefined && entries.length === 0)
    refuse(context, ['fault'], 'required; expected a fault, or {ref: name} of a shaper');
  if (fault?.duration !== undefined && parseDuration(fault.duration) !== parseDuration(context.value.duration)) {
    refuse(context, ['fault', 'duration'], `the run's own duration (${context.value.duration}) counts; remove this one`);
  }
  refuseLateSteps(context);
  refuseTwins(
    context,
    'hypothesis',
    entries.map(({ name }) => name),
  );
  checkPhaseLengths(context);
  checkAbortRules(context);
});

/** What the checks below say of a run's phases and abort rules, for the server. */
const experimentRules: ServerRule[] = [
  {
    rule: 'has(self.fault) || has(self.hypothesis) && size(self.hypothesis) > 0',
    message: 'required; expected a fault, or {ref: name} of a shaper',
    field: 'fault',
  },
  {
    rule: '!has(self.fault) || !has(self.fault.duration) || duration(self.fault.duration) == duration(self.duration)',
    message: "the run's own duration counts; remove this one",
    field: 'fault.duration',
  },
  ...lateStepRules,
  ...(['before', 'after'] as const).map((phase) => ({
    rule: `!has(self.${phase}) || duration(self.${phase}) >= duration('1s') || !has(self.hypothesis) || !self.hypothesis.exists(one, !has(one.phases) || '${phase}' in one.phases)`,
    message: 'expected at least 1s: a hypothesis is measured in this phase',
    field: phase,
  })),
  {
    rule: "!has(self.hypothesis) || self.hypothesis.all(one, !has(one.recoverWithin) || duration(one.recoverWithin) <= duration(has(self.after) ? self.after : '10s'))",
    message: 'expected recoverWithin to be at most the phase after (default 10s): nobody looks later',
    field: 'hypothesis',
  },
  {
    rule: '!has(self.abort) || self.abort.all(rule, !has(rule.hypothesis) || has(self.hypothesis) && self.hypothesis.exists(one, one.name == rule.hypothesis))',
    message: 'expected the name of a hypothesis entry',
    field: 'abort',
  },
  {
    rule: "!has(self.abort) || self.abort.all(rule, !has(rule.hypothesis) || !has(self.hypothesis) || self.hypothesis.all(one, one.name != rule.hypothesis || !has(one.phases) || 'during' in one.phases))",
    message: 'expected a hypothesis that is measured during the fault; add during to its phases',
    field: 'abort',
  },
];

export const experimentSpec = withServerRules(experimentObject, experimentRules);
export type WrittenExperiment = z.output<typeof experimentSpec>;
type Check = { value: WrittenExperiment; issues: z.core.$ZodRawIssue[] };

/** Of a shaper that is only referred to nothing is said: other runs may last longer. */
function refuseLateSteps(context: Check): void {
  const { fault, duration: length } = context.value;
  if (fault === undefined) return;
  const { targets = [], configuration } = fault;
  const late = (path: Path, written: typeof configuration) => {
    const index = firstStepAfter(written, milliseconds(length));
    if (index !== undefined) refuse(context, [...path, 'steps', index, 'at'], neverComes(length));
  };
  late(['fault', 'configuration'], configuration);
  targets.forEach((one, index) => {
    late(['fault', 'targets', index, 'configuration'], one.configuration);
  });
}

/** A phase without length has no probes, so nothing could be said about it. */
function checkPhaseLengths(context: Check): void {
  const { hypothesis: entries = [] } = context.value;
  const lengths = { before: parseDuration(context.value.before ?? '10s'), after: parseDuration(context.value.after ?? '10s') };
  for (const phase of ['before', 'after'] as const) {
    const user = entries.find((entry) => phasesOf(entry).includes(phase));
    if (user !== undefined && (lengths[phase] ?? 0) < 1000) {
      refuse(context, [phase], `expected at least 1s: the hypothesis ${user.name} is measured in this phase`);
    }
  }
  entries.forEach(({ recoverWithin }, index) => {
    if (recoverWithin === undefined || (parseDuration(recoverWithin) ?? 0) <= (lengths.after ?? 0)) return;
    const after = context.value.after ?? '10s, the default';
    refuse(context, ['hypothesis', index, 'recoverWithin'], `expected at most the phase after (${after}): nobody looks later`);
  });
}

function checkAbortRules(context: Check): void {
  const { hypothesis: entries = [], abort = [] } = context.value;
  abort.forEach(({ hypothesis: name }, index) => {
    if (name === undefined) return;
    const named = entries.find((entry) => entry.name === name);
    const path = ['abort', index, 'hypothesis'];
    if (named === undefined) {
      refuse(
        context,
        path,
        `expected the name of a hypothesis entry: ${entries.map((entry) => entry.name).join(', ') || 'there is none'}`,
      );
    } else if (!phasesOf(named).includes('during')) {
      refuse(context, path, 'expected a hypothesis that is measured during the fault; add during to its phases');
    }
  });
}

export function toExperiment(written: WrittenExperiment, namespace: string): Experiment {
  return {
    durationMs: milliseconds(written.duration),
    fault: toFaultOrRef(written.fault, namespace),
    beforeMs: milliseconds(written.before ?? '10s'),
    afterMs: milliseconds(written.after ?? '10s'),
    hypothesis: (written.hypothesis ?? []).map((entry) => toHypothesisEntry(entry, namespace)),
    preflight: written.preflight ?? [],
    abort: (written.abort ?? []).flatMap(toAbortRule),
    ...(written.blastRadius === undefined ? {} : { blastRadius: toBlastRadius(written.blastRadius) }),
    onUnsupported: written.onUnsupported ?? 'refuse',
    seed: written.seed === undefined ? undefined : String(written.seed),
  };
}

function toFaultOrRef(written: WrittenExperiment['fault'], namespace: string): Experiment['fault'] {
  if (written === undefined) return undefined;
  const { ref: name, ...inline } = written;
  return name === undefined ? { shaper: toShaper(shaperSpec.parse(inline), namespace) } : { ref: name };
}

function toAbortRule({ hypothesis: name, for: time, monitor }: z.output<typeof abortObject>): AbortRule[] {
  if (monitor !== undefined) return [{ kind: 'monitor', monitor }];
  return name === undefined || time === undefined ? [] : [{ kind: 'hypothesis', hypothesis: name, forMs: milliseconds(time) }];
}

export const networkExperiment = defineKind({
  apiVersion,
  kind: 'NetworkExperiment',
  plural: 'networkexperiments',
  singular: 'networkexperiment',
  shortName: 'nx',
  namespaced: true,
  status: true,
  // The report of a run is the ConfigMap `<run>-report`.
  longestName: 253 - '-report'.length,
  specSchema: experimentSpec,
  toModel: toExperiment,
});
