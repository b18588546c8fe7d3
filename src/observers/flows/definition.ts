/** A flow as a manifest defines it, made ready to be asked about packets. */
import { addressKeys } from './exempt.ts';
import { type FlowFields, flowKeyNamesIn } from './fields.ts';
import { type Filter, parseFilter } from './filter.ts';
import { nameOfFlow, parseKeys } from './keys.ts';
import { parseValue, type ValueReader } from './value.ts';

export type WrittenFlow = { keys: readonly string[]; value: string; filter?: string };

export type FlowDefinition = {
  /** Its key values joined by commas, empty without keys; undefined for a packet that is of no flow of the definition. */
  flowOf: (fields: FlowFields) => string | undefined;
  value: ValueReader;
  /** `flowOf` depends on these fields alone. */
  names: readonly string[];
};

/**
 * @param exempt packets that are left out whatever the filter says, by their addresses
 * @throws InvalidInput of anything in keys, value or filter that is not understood
 */
export function defineFlow({ keys, value, filter }: WrittenFlow, exempt?: Filter): FlowDefinition {
  const flowName = nameOfFlow(parseKeys(keys.join(',')));
  const isWanted = filter === undefined ? () => true : parseFilter(filter);
  return {
    flowOf: (fields) => (isWanted(fields) && exempt?.(fields) !== true ? flowName(fields) : undefined),
    value: parseValue(value),
    names: [...new Set([...flowKeyNamesIn([...keys, filter ?? ''].join(',')), ...(exempt === undefined ? [] : addressKeys)])],
  };
}
