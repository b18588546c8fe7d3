/** A recorded profile as a NetworkTrafficShaper: RTT as a delay that changes by steps, loss as a loss that does. Pure. */
import { apiVersion, mostSteps, smallestPercent } from '../../api/index.ts';
import { formatDuration, SquallError } from '../../lib/index.ts';
import type { Profile, ProfilePoint } from './read-profile.ts';

/** As a manifest has them, without a configuration. */
export type ProfileTarget =
  | { kind: 'pod'; namespace: string; name: string }
  | { kind: 'selector'; namespace: string; targetSelector: { matchLabels: Record<string, string> } };

export type ShaperManifest = {
  apiVersion: string;
  kind: 'NetworkTrafficShaper';
  metadata: { name: string; namespace: string };
  spec: { targets: (ProfileTarget & { configuration?: Configuration })[]; direction: 'egress'; configuration?: Configuration };
};

type Configuration = { type: 'delay' | 'loss'; value: string; steps?: { at: string; value: string }[] };

/** The kernel knows no fault of nothing: what a profile says of a moment without is the least that there is. */
const leastDelayMs = 0.001;
const shortestGapMs = 1000;

/**
 * One configuration where the profile has one quantity; else the targets are named twice, with one each: both faults act on them.
 * @throws SquallError InvalidInput for a profile that changes too fast or too often
 */
export function profileShaper(
  profile: Profile,
  { name, namespace, targets }: { name: string; namespace: string; targets: readonly ProfileTarget[] },
): ShaperManifest {
  const { file, rtt, loss } = profile;
  const delayText = (ms: number) => formatDuration(Math.max(ms, leastDelayMs));
  // JavaScript writes numbers from 0.000001 on without an exponent.
  const lossText = (percent: number) => `${String(Math.max(percent, smallestPercent))}%`;
  const configurations = [
    ...(rtt === undefined ? [] : [configurationOf('delay', changesOf(file, 'rtt', rtt), delayText)]),
    ...(loss === undefined ? [] : [configurationOf('loss', changesOf(file, 'loss', loss), lossText)]),
  ];
  const [only, ...others] = configurations;
  const spec =
    others.length === 0
      ? { targets: [...targets], direction: 'egress' as const, configuration: only }
      : {
          targets: configurations.flatMap((configuration) => targets.map((target) => ({ ...target, configuration }))),
          direction: 'egress' as const,
        };
  return { apiVersion, kind: 'NetworkTrafficShaper', metadata: { name, namespace }, spec };
}

function configurationOf(
  type: Configuration['type'],
  [first, ...later]: readonly ProfilePoint[],
  textOf: (value: number) => string,
): Configuration {
  const steps = later.map(({ atMs, value }) => ({ at: formatDuration(atMs), value: textOf(value) }));
  return { type, value: textOf(first?.value ?? 0), ...(steps.length === 0 ? {} : { steps }) };
}

/** Points that differ from the one before. Those that a fault could not follow are refused, not thinned: that is for who recorded them. */
function changesOf(file: string, quantity: 'rtt' | 'loss', points: readonly ProfilePoint[]): ProfilePoint[] {
  const changes = points.filter(({ value }, index) => value !== points[index - 1]?.value);
  const quick = changes.findIndex(({ atMs }, index) => atMs - (changes[index - 1]?.atMs ?? -Infinity) < shortestGapMs);
  const [before, here] = [changes[quick - 1], changes[quick]];
  if (before !== undefined && here !== undefined) {
    throw new SquallError(
      'InvalidInput',
      `${file}:${String(here.line)}:1: ${quantity} changes ${formatDuration(here.atMs - before.atMs)} after its change in line ${String(before.line)}; expected at least 1s between changes; write one row a second, such as the mean of each`,
    );
  }
  const steps = changes.length - 1;
  if (steps > mostSteps) {
    throw new SquallError(
      'InvalidInput',
      `${file}:${String(changes[mostSteps + 1]?.line ?? 1)}:1: ${quantity} changes ${String(steps)} times; expected at most ${String(mostSteps)}; write fewer rows, round the figures so that neighbours are equal (they become one), or cut the recording into several`,
    );
  }
  return changes;
}
