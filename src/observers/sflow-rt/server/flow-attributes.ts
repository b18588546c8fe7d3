/** A flow as sFlow-RT's clients define it. What cannot be done is refused; what only another tool would see is kept and given back. */
import { smoothingMsOf } from '../../detect/ewma.ts';
import { defineFlow } from '../../flows/definition.ts';
import { splitOutsideBrackets } from '../../flows/split.ts';
import { messageOf, SquallError } from '../../../lib/index.ts';
import type { WatchedFlow } from '../../network-observer.ts';
import { type Attributes, attributeReader, refuseAttribute, refuseOtherName, refuseUnknownAttributes } from '../attributes.ts';

const flowAttributes = [
  'keys',
  'value',
  'filter',
  'n',
  't',
  'fs',
  'log',
  'flowStart',
  'activeTimeout',
  'values',
  'dropped',
  'ipfixCollectors',
  'aggMode',
  'name',
];

export type DefinedFlow = { watched: WatchedFlow; attributes: Attributes };

const fewest = 5;
const most = 20;

/** @throws InvalidInput with the field, the value and what was expected */
export function readFlow(name: string, attributes: Attributes): DefinedFlow {
  const of = `flow '${name}'`;
  refuseUnknownAttributes(of, attributes, flowAttributes);
  refuseOtherName(of, name, attributes);
  refuseWhatIsNotDone(of, attributes);
  const read = attributeReader(of, attributes);
  const keys = read.text('keys', 'key names joined by commas', 1024) ?? '';
  const value = read.text('value', 'frames, bytes, ipbytes or ip6bytes', 128) ?? 'bytes';
  const filter = read.text('filter', "a filter such as 'ipprotocol=6'", 1024);
  const separator = read.text('fs', "','", 1) ?? ',';
  if (separator !== ',') refuseAttribute(of, 'fs', separator, "',': keys are joined by commas");
  const smoothingMs = smoothingMsOf(read.number('t', 'a number of seconds, such as 2'));
  const top = Math.min(most, Math.max(fewest, Math.round(read.number('n', 'a number of flows, such as 5') ?? fewest)));
  return {
    watched: understood(of, { name, value, filter, smoothingMs, top }, keys),
    attributes: {
      keys,
      value,
      ...(filter === undefined ? {} : { filter }),
      n: top,
      t: smoothingMs / 1000,
      fs: separator,
      log: read.flag('log') ?? false,
      flowStart: read.flag('flowStart') ?? false,
      activeTimeout: read.number('activeTimeout', 'a number of seconds, such as 60') ?? 60,
    },
  };
}

function understood(of: string, flow: Omit<WatchedFlow, 'keys'>, keys: string): WatchedFlow {
  try {
    const watched = { ...flow, keys: keys === '' ? [] : splitOutsideBrackets(keys, ',') };
    defineFlow(watched);
    return watched;
  } catch (error) {
    throw new SquallError('InvalidInput', `${of}: ${messageOf(error)}`);
  }
}

function refuseWhatIsNotDone(of: string, attributes: Attributes): void {
  const read = attributeReader(of, attributes);
  if (read.flag('dropped') === true) {
    refuseAttribute(of, 'dropped', true, 'false: flows are of sampled packets, not of notices of discarded ones');
  }
  for (const [field, reason] of [
    ['ipfixCollectors', 'none: flows are not exported'],
    ['values', 'none: a flow has one value; define a flow for each'],
    ['aggMode', 'none: of a flow that several data sources saw the largest value counts'],
  ] as const) {
    const value = attributes[field];
    const isEmpty = value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
    if (!isEmpty) refuseAttribute(of, field, value, reason);
  }
}
