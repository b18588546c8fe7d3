/** What is summed of the packets of a flow: `frames`, `bytes` or another numeric key. */
import { SquallError } from '../../lib/index.ts';
import { type FlowFields, isNumericKeyName } from './fields.ts';

/** Undefined for a packet that does not have the key: it does not belong to the flow. */
export type ValueReader = (fields: FlowFields) => number | undefined;

/** @throws InvalidInput of prefixes such as `rate:`, and of keys that are no amounts */
export function parseValue(written: string): ValueReader {
  if (written === 'frames') return () => 1;
  if (!isNumericKeyName(written)) {
    throw new SquallError('InvalidInput', `value '${written}': expected frames, bytes, ipbytes or ip6bytes`);
  }
  return (fields) => {
    const value = fields[written];
    return value === undefined ? undefined : Number(value);
  };
}
