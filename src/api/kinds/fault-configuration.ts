/** What a shaper does to packets, as people write it: a fault, and how it changes with time. */
import type * as z from 'zod';
import { object } from '../fields.ts';
import { withServerRules } from '../server-rules.ts';
import { checkFault, faultFields } from './fault-fields.ts';
import { checkSteps, pulse, stepRules, steps } from './fault-steps.ts';
import { configurationRules } from './fault-types.ts';

const configurationObject = object({
  ...faultFields,
  steps: steps
    .optional()
    .describe('What changes while the fault is active; fields that a step does not give are as the configuration says.'),
  pulse: pulse.optional().describe('The fault acts and rests in turns, starting active.'),
})
  .check(checkFault)
  .check(checkSteps);

export const faultConfiguration = withServerRules(configurationObject, [...configurationRules, ...stepRules]);
export type WrittenConfiguration = z.output<typeof configurationObject>;
