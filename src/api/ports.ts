/** Ports and ranges of them, as people write them: as a NetworkPolicy does. */
import type * as z from 'zod';
import { integer, object, port, refuse } from './fields.ts';
import type { PortRange } from './model.ts';
import { type ServerRule, withServerRules } from './server-rules.ts';

export const portFields = { port: port.optional(), endPort: integer(1, 65_535).optional() };
type WrittenPorts = { port?: string | number; endPort?: number };

export function checkPorts(context: { value: WrittenPorts; issues: z.core.$ZodRawIssue[] }): void {
  const { port: first, endPort } = context.value;
  if (endPort === undefined) return;
  if (first === undefined) refuse(context, ['port'], 'required with endPort: the first port of the range');
  else if (endPort < Number(first)) refuse(context, ['endPort'], `expected at least port (${first}): the last port of the range`);
}

/** The origin's manifests have `port: ""` for no port. In CEL. */
export const hasPort = (at: string): string => `(has(${at}.port) && ${at}.port != '')`;

export const portRules: ServerRule[] = [
  {
    rule: `!has(self.endPort) || ${hasPort('self')}`,
    message: 'required with endPort: the first port of the range',
    field: 'port',
  },
  {
    rule: `!has(self.endPort) || !${hasPort('self')} || int(self.port) <= self.endPort`,
    message: 'expected at least port: the last port of the range',
    field: 'endPort',
  },
];

export const portRange = withServerRules(object({ ...portFields, port }).check(checkPorts), portRules);

export function toPortRange({ port: first, endPort }: z.output<typeof portRange>): PortRange {
  return { first: Number(first), last: endPort ?? Number(first) };
}
