/** NetworkModulesValidator: what the kernels and tools of nodes must have, such as sysctls, modules and qdiscs. */
import * as z from 'zod';
import {
  duration,
  filledList,
  flag,
  foreignName,
  labelSelector,
  list,
  milliseconds,
  object,
  oneOf,
  refuse,
  text,
} from '../fields.ts';
import { apiVersion, type LabelSelector } from '../metadata.ts';
import { capabilities, type Capability, type KernelRange, type SysctlExpectation, type SysctlScope } from '../node-task.ts';
import { matchesInCel, type ServerRule, withServerRules, withServerSchema } from '../server-rules.ts';
import { defineKind } from './definition.ts';

/** Which nodes it is about when it runs by itself; as a gate it is about every node that takes part in the run. */
export type NodeChoice =
  { choice: 'all' } | { choice: 'names'; names: string[] } | { choice: 'selector'; selector: LabelSelector };

export type SysctlRule = { name: string; scope: SysctlScope; expect: SysctlExpectation };

export type ModulesValidator = {
  nodes: NodeChoice;
  sysctls: SysctlRule[];
  modules: string[];
  qdiscs: string[];
  features: Capability[];
  tools: string[];
  kernel?: KernelRange;
  /** Absent: once. */
  periodMs?: number;
  /** Whether sysctls of the node that must equal a value are set to it, and set back when nobody wants that any more. */
  enforce: boolean;
};

/** As sysctl(8) writes names; '/' stands where an interface's own name has a dot. */
const sysctlPattern = /^[a-z0-9_-]+([./][A-Za-z0-9_-]+)+$/;
const sysctlName = text('the name of a sysctl such as net.ipv4.ip_forward', sysctlPattern, 200);
const valueExpected = 'expected the value that the sysctl must have, such as "1"';
const sysctlValue = z
  .union([z.int(), z.string().max(200)], { error: valueExpected })
  .meta({ 'x-kubernetes-int-or-string': true, maxLength: 200 });
const kernelWord = text("letters, digits, '_' and '-'", /^[A-Za-z0-9_][A-Za-z0-9_-]*$/, 64);
const programName = text("a program's name of letters, digits, '.', '_', '+' and '-'", /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/, 64);
const kernelVersion = text('a version of Linux such as 5.16 or 6.1.2', /^[0-9]{1,4}(\.[0-9]{1,5}){0,2}$/, 16);
const bound = z.int({ error: 'expected a whole number' });

const ruleObject = object({
  name: sysctlName,
  equals: sysctlValue.optional(),
  oneOf: filledList(sysctlValue, 'values of which the sysctl must have one', 16).optional(),
  atLeast: bound.optional(),
  atMost: bound.optional(),
  exists: flag.optional().describe('Whether there must be such a sysctl, whatever its value.'),
  scope: oneOf('host', 'pod').optional().describe('Default host. pod: in each target of a run that this is a gate of.'),
});

const oneWay = 'expected one of equals, oneOf, exists, or atLeast and atMost';
const podScope = 'only sysctls whose names begin with net. differ by pod; expected scope: host';

const sysctlRule = withServerRules(
  ruleObject.check((context) => {
    const { equals, oneOf: values, exists, atLeast, atMost, name, scope } = context.value;
    const ways = [equals, values, exists, atLeast ?? atMost].filter((way) => way !== undefined);
    if (ways.length !== 1) refuse(context, [], oneWay);
    if (atLeast !== undefined && atMost !== undefined && atLeast > atMost) {
      refuse(context, ['atMost'], 'expected atMost to be no less than atLeast');
    }
    if (scope === 'pod' && !name.startsWith('net.')) refuse(context, ['scope'], podScope);
  }),
  [
    {
      rule: '[has(self.equals), has(self.oneOf), has(self.exists), has(self.atLeast) || has(self.atMost)].filter(said, said).size() == 1',
      message: oneWay,
    },
    {
      rule: '!(has(self.atLeast) && has(self.atMost)) || self.atLeast <= self.atMost',
      message: 'expected atMost to be no less than atLeast',
      field: 'atMost',
    },
    { rule: "!has(self.scope) || self.scope == 'host' || self.name.startsWith('net.')", message: podScope, field: 'scope' },
  ],
);

const listed = ['sysctls', 'sysctlRules', 'modules', 'qdiscs', 'features', 'tools'] as const;
const checksNothing = `checks nothing; expected at least one of ${listed.join(', ')}, kernel`;
const kernelEmpty = 'expected atLeast, atMost or both';
const oneChoice = 'expected only one of nodes, nodeNames and nodeSelector';
/** Others are of another namespace than the one that is written in, or can never be set back. */
const enforcedOutsideNet =
  'only sysctls whose names begin with net. are set; expected such names, or enforce: false to only look';
const isOfNet = (name: string): boolean => /^net[./]/.test(name);
const isOfNetInCel = (name: string): string => `(${name}.startsWith('net.') || ${name}.startsWith('net/'))`;
const nothingToEnforce = 'there is nothing to set; expected sysctls, or sysctlRules with equals and scope host';

const validatorObject = object({
  nodes: oneOf('all').optional().describe('Default all.'),
  nodeNames: filledList(foreignName, 'names of nodes', 256).optional(),
  nodeSelector: labelSelector.optional(),
  sysctls: withServerSchema(
    withServerRules(
      z
        .record(sysctlName, sysctlValue, { error: 'expected sysctls as name: value' })
        .refine((sysctls) => Object.keys(sysctls).length <= 64, { error: 'expected at most 64 sysctls' }),
      [
        {
          rule: `self.all(name, ${matchesInCel('name', sysctlPattern)})`,
          message: 'expected names of sysctls such as net.ipv4.ip_forward',
        },
      ],
    ),
    { maxProperties: 64 },
  )
    .optional()
    .describe('Of the node, each with the value that it must have.'),
  sysctlRules: list(sysctlRule, 'rules of sysctls', 64).optional(),
  modules: list(kernelWord, 'names of kernel modules', 64).optional().describe('Loaded, or built into the kernel.'),
  qdiscs: list(kernelWord, 'names of queueing disciplines', 64).optional().describe('Tried in a network namespace of their own.'),
  features: list(oneOf(...capabilities), 'features', 32)
    .optional()
    .describe('What faults need, tried in a network namespace of its own.'),
  tools: list(programName, 'names of programs', 64).optional().describe("In the PATH of the node's agent."),
  kernel: withServerRules(
    object({ atLeast: kernelVersion.optional(), atMost: kernelVersion.optional() }).check((context) => {
      if ((context.value.atLeast ?? context.value.atMost) === undefined) refuse(context, [], kernelEmpty);
    }),
    [{ rule: 'has(self.atLeast) || has(self.atMost)', message: kernelEmpty }],
  )
    .optional()
    .describe('Only the parts that are written are compared: atMost 6.1 takes every 6.1.'),
  period: duration('10s', '24h').optional().describe('How often it is checked again. Default: once.'),
  enforce: flag.optional().describe('Set sysctls that differ, and set them back afterwards. Default false: nothing is written.'),
}).check((context) => {
  const { nodes, nodeNames, nodeSelector, kernel, enforce = false, sysctls = {}, sysctlRules = [] } = context.value;
  const choices = Object.entries({ nodes, nodeNames, nodeSelector }).filter(([, value]) => value !== undefined);
  if (choices.length > 1) refuse(context, [choices.at(-1)?.[0] ?? ''], oneChoice);
  const isSettable = ({ equals, scope }: z.output<typeof ruleObject>) => equals !== undefined && scope !== 'pod';
  if (enforce && Object.keys(sysctls).length === 0 && !sysctlRules.some(isSettable)) {
    refuse(context, ['enforce'], nothingToEnforce);
  }
  const settable = [...Object.keys(sysctls), ...sysctlRules.filter(isSettable).map(({ name }) => name)];
  const outside = settable.filter((name) => !isOfNet(name));
  if (enforce && outside.length > 0) refuse(context, ['enforce'], `${enforcedOutsideNet} at ${outside.join(', ')}`);
  const count = listed.reduce((sum, field) => sum + Object.keys(context.value[field] ?? {}).length, 0);
  if (count === 0 && kernel === undefined) refuse(context, [], checksNothing);
});

const validatorRules: ServerRule[] = [
  { rule: '!(has(self.nodes) && has(self.nodeNames))', message: oneChoice, field: 'nodeNames' },
  { rule: '!((has(self.nodes) || has(self.nodeNames)) && has(self.nodeSelector))', message: oneChoice, field: 'nodeSelector' },
  {
    rule: [...listed.map((field) => `has(self.${field}) && size(self.${field}) > 0`), 'has(self.kernel)'].join(' || '),
    message: checksNothing,
  },
  {
    rule: "!has(self.enforce) || !self.enforce || has(self.sysctls) && size(self.sysctls) > 0 || has(self.sysctlRules) && self.sysctlRules.exists(one, has(one.equals) && (!has(one.scope) || one.scope == 'host'))",
    message: nothingToEnforce,
    field: 'enforce',
  },
  {
    rule: `!has(self.enforce) || !self.enforce || (!has(self.sysctls) || self.sysctls.all(name, ${isOfNetInCel('name')})) && (!has(self.sysctlRules) || self.sysctlRules.all(one, !has(one.equals) || has(one.scope) && one.scope == 'pod' || ${isOfNetInCel('one.name')}))`,
    message: enforcedOutsideNet,
    field: 'enforce',
  },
];

const validatorSpec = withServerRules(validatorObject, validatorRules);
type Written = z.output<typeof validatorSpec>;

export const networkModulesValidator = defineKind({
  apiVersion,
  kind: 'NetworkModulesValidator',
  plural: 'networkmodulesvalidators',
  singular: 'networkmodulesvalidator',
  shortName: 'nmv',
  namespaced: false,
  status: true,
  specSchema: validatorSpec,
  toModel: (written): ModulesValidator => {
    const { sysctls = {}, sysctlRules = [], modules = [], qdiscs = [], features = [], tools = [], kernel, period } = written;
    return {
      nodes: toNodeChoice(written),
      sysctls: [...Object.entries(sysctls).map(([name, value]) => toRule({ name, equals: value })), ...sysctlRules.map(toRule)],
      ...{ modules, qdiscs, features, tools },
      ...(kernel === undefined ? {} : { kernel }),
      ...(period === undefined ? {} : { periodMs: milliseconds(period) }),
      enforce: written.enforce ?? false,
    };
  },
});

function toNodeChoice({ nodeNames, nodeSelector }: Written): NodeChoice {
  if (nodeNames !== undefined) return { choice: 'names', names: nodeNames };
  return nodeSelector === undefined ? { choice: 'all' } : { choice: 'selector', selector: nodeSelector };
}

function toRule({ name, scope = 'host', ...said }: z.output<typeof ruleObject>): SysctlRule {
  return { name, scope, expect: toExpectation(said) };
}

function toExpectation({
  equals,
  oneOf: values,
  exists,
  atLeast,
  atMost,
}: Omit<z.output<typeof ruleObject>, 'name' | 'scope'>): SysctlExpectation {
  if (equals !== undefined) return { operator: 'equals', value: String(equals) };
  if (values !== undefined) return { operator: 'oneOf', values: values.map(String) };
  if (exists !== undefined) return { operator: exists ? 'exists' : 'absent' };
  return {
    operator: 'range',
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
  };
}
