/** What has crossed: of each threshold by itself the newest, and of each armed one the first, which stands until its run is over. */
import type { Crossing, MonitorStatus } from '../../api/index.ts';
import { formatInstant } from '../../lib/index.ts';
import type { NetworkCrossing } from '../../observers/index.ts';
import type { ArmedRun } from './armed-runs.ts';
import { bounds, counted, cut, rounded } from './bounded.ts';
import { notificationName } from './notification.ts';

/** An event, as status and notification tell it. */
export type ToldCrossing = {
  crossing: Crossing;
  /** Milliseconds since 1970. */
  at: number;
  /** Uid of the run whose arming decided; undefined: the threshold by itself. */
  run?: string;
  /** The name of its notification; empty where none is known. */
  notification: string;
};

export type CrossingMemory = {
  /** Returns whether it is the first of an armed threshold. */
  add(told: ToldCrossing): boolean;
  /** The first of an armed threshold. */
  latched(run: string, threshold: string): ToldCrossing | undefined;
  /** Of the threshold by itself. */
  newest(threshold: string): ToldCrossing | undefined;
  /** What runs rely on. */
  allLatched(): ToldCrossing[];
  /** Only what is said of these runs is needed any longer. */
  keepOnly(runs: readonly Pick<ArmedRun, 'uid'>[]): void;
};

/** @param before what another life of this process has written: a run that was told to abort stays told so */
export function createCrossingMemory(before: Pick<MonitorStatus, 'armed' | 'thresholds'> | undefined): CrossingMemory {
  const latched = new Map<string, ToldCrossing>();
  const newest = new Map<string, ToldCrossing>();
  for (const { run, threshold, crossing, notification = '' } of before?.armed ?? []) {
    if (crossing !== undefined) latched.set(keyOf(run, threshold), { crossing, at: Date.parse(crossing.at), run, notification });
  }
  for (const { name, lastCrossing } of before?.thresholds ?? []) {
    if (lastCrossing !== undefined)
      newest.set(name, { crossing: lastCrossing, at: Date.parse(lastCrossing.at), notification: '' });
  }
  return {
    add: (told) => {
      const { run, at, crossing } = told;
      if (run === undefined) {
        if (at >= (newest.get(crossing.threshold)?.at ?? -Infinity)) newest.set(crossing.threshold, told);
        return false;
      }
      const key = keyOf(run, crossing.threshold);
      if (latched.has(key)) return false;
      latched.set(key, told);
      return true;
    },
    latched: (run, threshold) => latched.get(keyOf(run, threshold)),
    newest: (threshold) => newest.get(threshold),
    allLatched: () => [...latched.values()],
    keepOnly: (runs) => {
      const uids = new Set(runs.map(({ uid }) => uid));
      for (const [key, { run = '' }] of latched) if (!uids.has(run)) latched.delete(key);
    },
  };
}

export function tell(monitor: string, crossing: NetworkCrossing): ToldCrossing {
  const notification = notificationName(monitor, crossing);
  const { at, run } = crossing;
  return { crossing: crossingOf(crossing), at, ...(run === undefined ? {} : { run }), notification };
}

/** As a status says it. */
export function crossingOf(told: NetworkCrossing): Crossing {
  return {
    threshold: told.threshold,
    ...(told.flow === undefined ? {} : { flow: cut(told.flow, bounds.flow) }),
    ...{
      value: rounded(told.value),
      limit: rounded(told.limit),
      agent: cut(told.agent, bounds.source),
      dataSource: cut(told.dataSource, bounds.source),
    },
    ...{ samples: counted(told.samples), errorPercent: rounded(told.errorPercent), eventId: told.eventId },
    at: formatInstant(told.at),
  };
}

/** In words, such as `612 a second of 10.0.0.1,10.0.0.2, against 500`. */
export function describeCrossing({ flow, value, limit }: Crossing): string {
  const ofFlow = flow === undefined || flow === '' ? '' : ` of ${flow}`;
  return `${String(value)} a second${ofFlow}, against ${String(limit)}`;
}

function keyOf(run: string, threshold: string): string {
  return `${run} ${threshold}`;
}
