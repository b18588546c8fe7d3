/** What a subscription is in sFlow-RT's words, and whether an sFlow-RT has it as it should be. */
import { SquallError } from '../../../lib/index.ts';
import type { Subscription, WatchedFlow, WatchedThreshold } from '../../network-observer.ts';
import { asFlag, asNumber, type Attributes, shown } from '../attributes.ts';
import { nameInSflowRt } from './names.ts';

export type Definition = {
  kind: 'flow' | 'threshold';
  /** In the sFlow-RT. */
  name: string;
  body: Attributes;
};

/** sFlow-RT moves `n` into this. */
const fewestTop = 5;
const mostTop = 20;

export function pathOf({ kind, name }: Pick<Definition, 'kind' | 'name'>): string {
  return `/${kind}/${encodeURIComponent(name)}/json`;
}

/** Flows first: thresholds need them. @throws InvalidInput of what only the collector can decide, and of a flow that is not there */
export function definitionsOf(subscription: Subscription): Definition[] {
  const { id, flows, thresholds } = subscription;
  for (const threshold of thresholds) {
    refuseWhatSflowRtCannot(threshold);
    if (flows.some(({ name }) => name === threshold.flow)) continue;
    throw new SquallError(
      'InvalidInput',
      `threshold '${threshold.name}': flow '${threshold.flow}': expected one of the monitor's`,
    );
  }
  return [
    ...flows.map((flow): Definition => ({ kind: 'flow', name: nameInSflowRt(id, flow.name), body: flowBody(flow) })),
    ...thresholds.map((threshold): Definition => ({
      kind: 'threshold',
      name: nameInSflowRt(id, threshold.name),
      body: {
        metric: nameInSflowRt(id, threshold.flow),
        value: threshold.value,
        byFlow: threshold.byFlow,
        timeout: threshold.rearmMs / 1000,
      },
    })),
  ];
}

function flowBody({ keys, value, filter, smoothingMs, top, log }: WatchedFlow): Attributes {
  return {
    keys: keys.join(','),
    value,
    ...(filter === undefined ? {} : { filter }),
    t: smoothingMs / 1000,
    n: Math.min(mostTop, Math.max(fewestTop, top)),
    ...(log === undefined ? {} : { log: true, flowStart: log.flowStart }),
    ...(log?.activeTimeoutMs === undefined ? {} : { activeTimeout: log.activeTimeoutMs / 1000 }),
  };
}

function refuseWhatSflowRtCannot(threshold: WatchedThreshold): void {
  const { name, detector, condition, timesBaseline, exemptTargets } = threshold;
  const refused =
    detector !== 'ewma'
      ? `detector '${detector}': expected ewma`
      : condition !== 'above'
        ? `condition '${condition}': expected above`
        : timesBaseline !== undefined
          ? 'timesBaseline: expected none'
          : exemptTargets
            ? 'exemptTargets: expected false'
            : undefined;
  if (refused === undefined) return;
  throw new SquallError(
    'InvalidInput',
    `threshold '${name}': ${refused}, as an sFlow-RT decides by itself; or use the collector`,
  );
}

/** What decides; the rest, as `t` and `timeout`, may be moved into bounds by sFlow-RT. */
const compared = { flow: ['keys', 'value', 'filter'], threshold: ['metric', 'value', 'byFlow'] } as const;

/** What is otherwise than it was put, without what it is instead; undefined: nothing. Fields that the answer does not have are not compared. */
export function contradictionIn({ kind, name, body }: Definition, got: Attributes): string | undefined {
  for (const field of compared[kind]) {
    const [wanted, found] = [body[field], got[field]];
    if (found === undefined || found === null || isSame(wanted, found)) continue;
    return `${kind} '${name}' was given ${field} ${shown(wanted ?? 'none')}, and has another`;
  }
  return undefined;
}

function isSame(wanted: unknown, found: unknown): boolean {
  if (wanted === undefined) return found === '';
  if (typeof wanted === 'number') return asNumber(found) === wanted;
  if (typeof wanted === 'boolean') return asFlag(found) === wanted;
  return (Array.isArray(found) ? found.join(',') : found) === wanted;
}
