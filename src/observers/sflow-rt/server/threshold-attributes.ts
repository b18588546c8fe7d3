/** A threshold as sFlow-RT's clients define it. It is decided in sFlow-RT's own way, by the smoothed value. */
import { SquallError } from '../../../lib/index.ts';
import type { WatchedThreshold } from '../../network-observer.ts';
import {
  asFlag,
  type Attributes,
  attributeReader,
  isAttributes,
  refuseAttribute,
  refuseOtherName,
  refuseUnknownAttributes,
} from '../attributes.ts';

export type DefinedThreshold = { watched: WatchedThreshold; attributes: Attributes };

/** What sFlow-RT takes where none is given is not documented. */
const usualTimeoutSeconds = 1;
const longestTimeoutSeconds = 86_400;
const largestValue = 2 ** 53;
const thresholdAttributes = ['metric', 'value', 'filter', 'byFlow', 'timeout', 'name', 'flowName', 'waitingForFlow'];

/**
 * @param queriedByFlow of the query, where older clients put it
 * @throws InvalidInput with the field, the value and what was expected
 */
export function readThreshold(name: string, attributes: Attributes, queriedByFlow: string | null): DefinedThreshold {
  const of = `threshold '${name}'`;
  refuseUnknownAttributes(of, attributes, thresholdAttributes);
  refuseOtherName(of, name, attributes);
  const read = attributeReader(of, attributes);
  // Older clients send both.
  const flowName = read.text('flowName', 'the name of a flow', 512);
  const metric = read.text('metric', 'the name of a flow', 512) ?? flowName;
  if (metric === undefined) refuseAttribute(of, 'metric', metric, 'the name of a flow');
  if (flowName !== undefined && flowName !== metric) refuseAttribute(of, 'flowName', flowName, `${metric}, the metric, or none`);
  const valueExpected = 'a number from 0 in units a second';
  const value = read.number('value', valueExpected);
  if (value === undefined || value < 0 || value > largestValue) refuseAttribute(of, 'value', value, valueExpected);
  const { filter } = attributes;
  const isUnfiltered = filter === undefined || filter === null || (isAttributes(filter) && Object.keys(filter).length === 0);
  if (!isUnfiltered)
    refuseAttribute(of, 'filter', filter, 'none: metrics of agents are not collected; put the filter into the flow');
  const timeoutExpected = `seconds from 0 to ${String(longestTimeoutSeconds)}`;
  const timeout = read.number('timeout', timeoutExpected) ?? usualTimeoutSeconds;
  if (timeout < 0 || timeout > longestTimeoutSeconds) refuseAttribute(of, 'timeout', timeout, timeoutExpected);
  const byFlow = read.flag('byFlow') ?? readQueried(of, queriedByFlow);
  return {
    watched: {
      name,
      flow: metric,
      value,
      detector: 'ewma',
      condition: 'above',
      rearmMs: timeout * 1000,
      byFlow,
      exemptTargets: false,
    },
    attributes: { metric, value, byFlow, timeout },
  };
}

function readQueried(of: string, written: string | null): boolean {
  const flag = written === null ? false : asFlag(written);
  if (flag === undefined)
    throw new SquallError('InvalidInput', `${of}: query byFlow '${String(written)}': expected true or false`);
  return flag;
}
