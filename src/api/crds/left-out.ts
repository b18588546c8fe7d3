/** Rules that an API server would not take, since a list around them is so long that they could cost too much; the parser checks them. */
import type { Kind } from '../kinds/index.ts';
import type { JsonSchema, ServerValidation } from '../server-rules.ts';
import { at, type Change, inOrder } from './edits.ts';
import { mapSubschemas } from './structural.ts';

const rules = 'x-kubernetes-validations';

const withoutRules =
  (isLeftOut: (rule: string) => boolean): Change =>
  ({ [rules]: own = [], ...rest }) => {
    const kept = (own as ServerValidation[]).filter(({ rule }) => !isLeftOut(rule));
    return kept.length === 0 ? rest : { ...rest, [rules]: kept };
  };

const withoutAny = (schema: JsonSchema): JsonSchema => mapSubschemas(withoutRules(() => true)(schema), withoutAny);

export const leftOut: Partial<Record<Kind, Change>> = {
  // 100 steps of a game day, with 32 targets each, with 300 steps of a fault each: there only patterns are asked.
  NetworkGameDay: at(
    'steps[].experiment.fault.targets[].configuration',
    inOrder(
      withoutRules((rule) => rule.includes('self.steps.all(')),
      at('steps', withoutAny),
    ),
  ),
};
