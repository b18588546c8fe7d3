/** The limits that a run must stay within: of an experiment, and, by other ways in, of the place where it runs. */
import type * as z from 'zod';
import { duration, integer, milliseconds, object, refuse } from '../fields.ts';
import type { BlastRadius } from '../model.ts';
import { withServerSchema } from '../server-rules.ts';

const fields = {
  maxTargets: integer(1, 100_000).optional().describe('Pods that are hurt, of all targets together.'),
  maxPercentOfWorkload: integer(1, 100)
    .optional()
    .describe(
      'Of the running pods of one workload (those that have the same controller); a pod without one is a workload of its own.',
    ),
  maxPercentOfNamespace: integer(1, 100).optional().describe('Of the running pods of one namespace.'),
  maxPercentOfCluster: integer(1, 100).optional().describe('Of all running pods.'),
  maxNodes: integer(1, 100_000).optional().describe('Nodes on which pods are hurt.'),
  maxRunsPerTarget: integer(1, 15)
    .optional()
    .describe('Runs that hurt one pod at the same time, this one among them; 1: nobody else hurts it when the run begins.'),
  minAge: duration('1s', '8760h').optional().describe('How long every pod that is hurt must have existed.'),
};

export const blastRadius = withServerSchema(
  object(fields).check((context) => {
    if (Object.keys(context.value).length > 0) return;
    refuse(context, [], `expected at least one of ${Object.keys(fields).join(', ')}: without one nothing is limited; remove it`);
  }),
  { minProperties: 1 },
);

export function toBlastRadius({ minAge, ...limits }: z.output<typeof blastRadius>): BlastRadius {
  return { ...limits, ...(minAge === undefined ? {} : { minAgeMs: milliseconds(minAge) }) };
}
