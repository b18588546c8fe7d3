/** What a shaper does to packets, as people write it: a fault, and how it changes with time. */
import type * as z from 'zod';
import { object } from '../fields.ts';
import { withServerRules, withServerSchema } from '../server-rules.ts';
import { checkFault, faultFields } from './fault-fields.ts';
import { checkSteps, pulse, steps } from './fault-steps.ts';
import { configurationRules } from './fault-types.ts';
import { stepKeywords, stepRules } from './step-rules.ts';

const configurationObject = object({
  ...faultFields,
  steps: steps
    .optional()
    .describe('What changes while the fault is active; fields that a step does not give are as the configuration says.'),
  pulse: pulse.optional().describe('The fault acts and rests in turns, starting active.'),
})
  .check(checkFault)
  .check(checkSteps);

export const faultConfiguration = withServerSchema(
  withServerRules(configurationObject, [...configurationRules, ...stepRules]),
  stepKeywords,
);
export type WrittenConfiguration = z.output<typeof configurationObject>;
