/** NetworkModulesValidator: sysctls, kernel modules and qdiscs that nodes must have. */
import * as z from 'zod';
import { labelSelector, list, object, oneOf, refuse, text } from '../fields.ts';
import { apiVersion, type LabelSelector } from '../metadata.ts';
import { matchesInCel, withServerRules, withServerSchema } from '../server-rules.ts';
import { defineKind } from './definition.ts';

export type ModulesValidator = {
  nodes: 'all' | LabelSelector;
  /** Kernel name, such as net.ipv4.ip_forward → the text that reading it must give. */
  sysctls: Record<string, string>;
  modules: string[];
  qdiscs: string[];
};

/** As sysctl(8) writes names; '/' stands where an interface's own name has a dot. */
const sysctlPattern = /^[a-z0-9_-]+([./][A-Za-z0-9_-]+)+$/;
const sysctlName = text('the name of a sysctl such as net.ipv4.ip_forward', sysctlPattern, 200);
const sysctlValue = z
  .union([z.int(), z.string().max(200)], { error: 'expected the value that the sysctl must have, such as "1"' })
  .meta({ 'x-kubernetes-int-or-string': true, maxLength: 200 });
const kernelWord = text("letters, digits, '_' and '-'", /^[A-Za-z0-9_][A-Za-z0-9_-]*$/, 64);

const checksNothing = 'checks nothing; expected at least one of sysctls, modules, qdiscs';

const validatorObject = object({
  nodes: oneOf('all').optional().describe('Default all.'),
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
  ).optional(),
  modules: list(kernelWord, 'names of kernel modules', 64).optional(),
  qdiscs: list(kernelWord, 'names of queueing disciplines', 64).optional(),
}).check((context) => {
  const { nodes, nodeSelector, sysctls = {}, modules = [], qdiscs = [] } = context.value;
  if (nodes !== undefined && nodeSelector !== undefined)
    refuse(context, ['nodeSelector'], 'expected either nodes or nodeSelector');
  if (Object.keys(sysctls).length + modules.length + qdiscs.length > 0) return;
  refuse(context, [], checksNothing);
});

const validatorSpec = withServerRules(validatorObject, [
  {
    rule: '!(has(self.nodes) && has(self.nodeSelector))',
    message: 'expected either nodes or nodeSelector',
    field: 'nodeSelector',
  },
  {
    rule: ['sysctls', 'modules', 'qdiscs'].map((field) => `has(self.${field}) && size(self.${field}) > 0`).join(' || '),
    message: checksNothing,
  },
]);

export const networkModulesValidator = defineKind({
  apiVersion,
  kind: 'NetworkModulesValidator',
  plural: 'networkmodulesvalidators',
  singular: 'networkmodulesvalidator',
  shortName: 'nmv',
  namespaced: false,
  status: true,
  specSchema: validatorSpec,
  toModel: ({ nodeSelector, sysctls = {}, modules = [], qdiscs = [] }): ModulesValidator => ({
    nodes: nodeSelector ?? 'all',
    sysctls: Object.fromEntries(Object.entries(sysctls).map(([name, value]) => [name, String(value)])),
    modules,
    qdiscs,
  }),
});
