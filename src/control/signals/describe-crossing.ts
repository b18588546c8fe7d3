import type { Crossing } from '../../api/index.ts';

/** Key values of a flow may be as long as what came over the wire. */
const mostFlowCharacters = 200;

/**
 * `flow 10.0.0.1,10.0.0.2: 812 frames/s over 300 (±14 %), seen by agent 10.0.0.254 at 3`. A test on counts decides before the smoothed value is
 * there: then both are said.
 */
export function describeCrossing(
  { flow, value, limit, errorPercent, samples, agent, dataSource }: Crossing,
  condition: 'above' | 'below',
  unit = 'units',
): string {
  const subject = flow === undefined ? 'the total' : flow === '' ? 'all of the flow' : `flow ${shorten(flow)}`;
  const over = condition === 'above' ? 'over' : 'below';
  const isReached = condition === 'above' ? value > limit : value < limit;
  const error = `±${figure(errorPercent)} %`;
  const judged = isReached
    ? `${figure(value)} ${unit}/s ${over} ${figure(limit)} (${error})`
    : `${over} ${figure(limit)} ${unit}/s by ${figure(samples)} samples, its smoothed value ${figure(value)} (${error})`;
  return `${subject}: ${judged}, seen by agent ${agent} at ${dataSource}`;
}

function shorten(text: string): string {
  return text.length <= mostFlowCharacters ? text : `${text.slice(0, mostFlowCharacters - 1)}…`;
}

/** Three digits that mean something; whole above that. */
function figure(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}
