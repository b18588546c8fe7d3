import { SquallError } from '../../../lib/index.ts';
import { defineFlow } from '../../flows/definition.ts';
import type { Subscription, WatchedFlow, WatchedThreshold } from '../../network-observer.ts';
import type { EngineLimits } from './limits.ts';

const smoothing = { least: 200, most: 600_000 } as const;
const mostTop = 100;
const longestRearmMs = 86_400_000;

/** @throws InvalidInput of what cannot be watched, with the field */
export function checkSubscription({ id, flows, thresholds, armings }: Subscription, limits: EngineLimits): void {
  const refuse = (field: string, expected: string): never => {
    throw new SquallError('InvalidInput', `subscription '${id}', ${field}: expected ${expected}`);
  };
  for (const [name, items] of Object.entries({ flows, thresholds, armings })) {
    if (items.length > limits.ofSubscription) refuse(name, `at most ${String(limits.ofSubscription)}`);
  }
  const [flowNames, thresholdNames] = [flows, thresholds].map((items) => items.map(({ name }) => name));
  const twin = twinOf(flowNames ?? []) ?? twinOf(thresholdNames ?? []) ?? twinOf(armings.map(({ run }) => run));
  if (twin !== undefined) refuse(`name '${twin}'`, 'each name once');
  for (const flow of flows) checkFlow(flow, refuse);
  for (const threshold of thresholds) {
    checkThreshold(threshold, refuse);
    if (!flows.some(({ name }) => name === threshold.flow)) {
      refuse(`threshold '${threshold.name}', flow '${threshold.flow}'`, 'the name of one of its flows');
    }
  }
  for (const { run, thresholds: names } of armings) {
    const unknown = names.find((name) => !thresholds.some((threshold) => threshold.name === name));
    if (unknown !== undefined) refuse(`arming of run ${run}, threshold '${unknown}'`, 'the name of one of its thresholds');
  }
}

type Refuse = (field: string, expected: string) => never;

function checkFlow(flow: WatchedFlow, refuse: Refuse): void {
  defineFlow(flow);
  const { name, smoothingMs, top } = flow;
  if (!(smoothingMs >= smoothing.least && smoothingMs <= smoothing.most)) {
    refuse(`flow '${name}', smoothingMs`, `${String(smoothing.least)} to ${String(smoothing.most)}`);
  }
  if (!(Number.isInteger(top) && top >= 0 && top <= mostTop)) refuse(`flow '${name}', top`, `0 to ${String(mostTop)}`);
}

function checkThreshold({ name, value, detector, condition, timesBaseline, rearmMs }: WatchedThreshold, refuse: Refuse): void {
  if (!(Number.isFinite(value) && value >= 0)) refuse(`threshold '${name}', value`, 'a number of at least 0');
  if (!(rearmMs >= 0 && rearmMs <= longestRearmMs)) refuse(`threshold '${name}', rearmMs`, `0 to ${String(longestRearmMs)}`);
  if (detector === 'ewma' && condition === 'below') refuse(`threshold '${name}', condition`, 'above with detector ewma');
  if (timesBaseline === undefined) return;
  if (detector === 'ewma') refuse(`threshold '${name}', timesBaseline`, 'detector cusum');
  if (!(timesBaseline > 0 && Number.isFinite(timesBaseline))) {
    refuse(`threshold '${name}', timesBaseline`, 'a number above 0');
  }
}

const twinOf = (names: readonly string[]): string | undefined => names.find((name, index) => names.indexOf(name) !== index);
