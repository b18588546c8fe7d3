/**
 * The kinds as CustomResourceDefinitions, made from the same schemas that the parser uses. Pure.
 * Nothing comes in but the table of kinds. Definitions go out; `npm run crds` writes them to the chart.
 */
import { type Kind, kinds } from '../kinds/index.ts';
import { type CustomResourceDefinition, customResourceDefinition } from './definition.ts';

export { type CustomResourceDefinition, customResourceDefinition } from './definition.ts';

/** In the order of the table of kinds. */
export function customResourceDefinitions(): CustomResourceDefinition[] {
  return (Object.keys(kinds) as Kind[]).map(customResourceDefinition);
}
