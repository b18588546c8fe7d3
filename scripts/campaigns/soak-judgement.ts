/** What an hour of looping runs must show, judged from its samples. Pure. */
import { type Slope, slopeOf } from './slope.ts';

export type SoakSample = {
  minute: number;
  /** Resident memory of the processes, in MiB. */
  control: number;
  agent: number;
  /** Bytes of everything in the state folder, by the entries of its first level. */
  folder: Record<string, number>;
};

/** Of both processes, in MiB, what their heaps hold after a full collection. */
export type UsedHeaps = { minute: number; control: number; agent: number };

export type NamedSlope = Slope & { name: string };

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/**
 * Files that grow until far more than an hour has passed (docs/serve.md). An hour shows no more than that they are below these limits; how
 * much they grow by is in the evidence. That their oldest is thrown away is shown by tests of each with small limits.
 */
const boundedFiles: Record<string, number> = {
  'agent.log': 8 * mebibyte,
  'ticks.jsonl': 8 * mebibyte,
  'store.db': 70 * mebibyte,
  'store.db-wal': 8 * mebibyte,
};
/** Growth in an hour that is still called level, as a share of what was there: of memory, and of files. A leak below it takes days to be seen. */
const levelMemory = 0.05;
const levelFiles = 0.1;
/** MiB an hour by which what the heap of a process really holds may grow. */
const levelHeap = 1;
const leastGrowth = 64 * kibibyte;
/** On an emulated processor a probe is late now and then, and the run that it belongs to is not decided. */
const undecidedShare = 0.15;
const undecided = ['Refused', 'Inconclusive'];

/** Slopes over the second half: the first is for heaps to settle and for the histories to fill up to their limits. */
export function soakSlopes(samples: readonly SoakSample[]): NamedSlope[] {
  const from = (samples.at(-1)?.minute ?? 0) / 2;
  const later = samples.filter(({ minute }) => minute >= from);
  const names = [...new Set(later.flatMap(({ folder }) => Object.keys(folder)))].sort();
  const named = (name: string, valueOf: (sample: SoakSample) => number): NamedSlope[] => {
    const slope = slopeOf(later.map((sample) => ({ x: sample.minute / 60, y: valueOf(sample) })));
    return slope === undefined ? [] : [{ name, ...slope }];
  };
  return [
    ...named('control process, MiB', ({ control }) => control),
    ...named('agent process, MiB', ({ agent }) => agent),
    ...names.flatMap((name) => named(`${name}, KiB`, ({ folder }) => (folder[name] ?? 0) / kibibyte)),
  ];
}

/** What did not hold, in words. `verdicts` are those of all runs that have ended, e.g. "Passed (SteadyStateHeld)". */
export function judgeSoak(
  samples: readonly SoakSample[],
  slopes: readonly NamedSlope[],
  verdicts: readonly string[],
  minutes: number,
): string[] {
  const enough = minutes / 2;
  const wrong = verdicts.filter((verdict) => !['Passed', ...undecided].some((allowed) => verdict.startsWith(`${allowed} `)));
  const open = verdicts.filter((verdict) => undecided.some((allowed) => verdict.startsWith(`${allowed} `)));
  const unseen = samples.filter(({ control, agent }) => control === 0 || agent === 0);
  return [
    ...(slopes.length === 0 ? ['there are too few samples for a slope'] : []),
    ...(verdicts.length < enough ? [`${verdicts.length} runs have ended; expected at least one in two minutes, ${enough}`] : []),
    ...wrong.map((verdict) => `a run ended ${verdict}`),
    ...(open.length > undecidedShare * verdicts.length ? [`${open.length} of ${verdicts.length} runs were not decided`] : []),
    ...(unseen.length > 0 ? [`${unseen.length} samples found one of the two processes missing`] : []),
    ...slopes.flatMap((slope) => tooMuchGrowth(slope)),
  ];
}

/** Between two collections, the first once the histories are full. MiB an hour, by process. */
export function heapGrowth([first, last]: readonly [UsedHeaps, UsedHeaps]): { control: number; agent: number } {
  const hours = (last.minute - first.minute) / 60;
  return { control: (last.control - first.control) / hours, agent: (last.agent - first.agent) / hours };
}

export function judgeHeaps(growth: ReturnType<typeof heapGrowth>): string[] {
  return (['control', 'agent'] as const).flatMap((name) =>
    growth[name] > levelHeap ? [`the heap of the ${name} process holds ${growth[name].toFixed(2)} MiB more an hour`] : [],
  );
}

function tooMuchGrowth({ name, slope, margin, first, most }: NamedSlope): string[] {
  const [what = '', unit = ''] = name.split(', ');
  const sure = slope - margin;
  if (unit === 'MiB') {
    return sure > levelMemory * first ? [`${what} grows by ${slope.toFixed(1)} ± ${margin.toFixed(1)} MiB an hour`] : [];
  }
  const bound = boundedFiles[what];
  if (bound !== undefined) return most * kibibyte > bound ? [`${what} has ${most.toFixed(0)} KiB, more than its limit`] : [];
  return sure > Math.max(levelFiles * first, leastGrowth / kibibyte)
    ? [`${what} grows by ${slope.toFixed(0)} ± ${margin.toFixed(0)} KiB an hour`]
    : [];
}
