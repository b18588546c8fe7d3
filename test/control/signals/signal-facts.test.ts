import { describe, expect, it } from 'vitest';
import type { AbortRule, MonitorStatus } from '../../../src/api/index.ts';
import type { MonitorObject } from '../../../src/control/index.ts';
import type { Liveness } from '../../../src/control/signals/heartbeats.ts';
import { signalFacts } from '../../../src/control/signals/signal-facts.ts';
import type { SignalFact } from '../../../src/experiment/index.ts';
import type { Stored } from '../../../src/store/index.ts';
import { armedFor, crossing, monitor, monitorSpec, monitorStatus } from './monitors.ts';

const rule: AbortRule = { kind: 'monitor', monitor: { ref: 'shop-traffic', threshold: 'retry-storm' } };
const run = { namespace: 'shop', uid: 'uid-run' };
const alive: Liveness = { silentMs: 400, isProven: true };

function factOf(
  seen: Stored<MonitorObject> | undefined,
  liveness: Liveness | undefined = alive,
  isComplete = true,
): SignalFact | undefined {
  return signalFacts([rule], run, { monitorOf: () => seen, livenessOf: () => liveness, isComplete })[0];
}

const armed = (...changes: Parameters<typeof armedFor>[1][]): MonitorStatus =>
  monitorStatus(changes.map((change) => armedFor(run.uid, change)));

describe('signalFacts', () => {
  it.each<[string, SignalFact['state'], RegExp, SignalFact | undefined]>([
    ['a monitor that is not there', 'missing', /there is no NetworkMonitor 'shop-traffic' in namespace shop/, factOf(undefined)],
    ['monitors that were not read yet', 'waiting', /have not been read yet/, factOf(undefined, undefined, false)],
    ['another threshold', 'missing', /no such threshold; it has other/, factOf(monitor(armed({}), monitorSpec('other')))],
    [
      'no threshold',
      'missing',
      /it has none/,
      factOf(monitor(armed({}), { flows: [{ name: 'a', keys: 'b', value: 'frames' }] })),
    ],
    ['a monitor that cannot be read', 'undecidable', /flows/, factOf(monitor(armed({}), { flows: 3 }))],
    ['a status that cannot be read', 'undecidable', /./, factOf(monitor({} as MonitorStatus))],
    ['nobody who observes', 'waiting', /nobody has observed it yet/, factOf(monitor(), undefined)],
    [
      'silence',
      'lost',
      /\(collector\) has been silent for 3\.1 s, longer than 3 s/,
      factOf(monitor(armed({})), { silentMs: 3100, isProven: true }),
    ],
    [
      'a status of somebody long gone',
      'waiting',
      /not been renewed yet/,
      factOf(monitor(armed({})), { silentMs: 0, isProven: false }),
    ],
    ['silence from the beginning', 'lost', /silent/, factOf(monitor(armed({})), { silentMs: 3100, isProven: false })],
    [
      'a change that was not taken over',
      'waiting',
      /has not taken over its change/,
      factOf(monitor(armed({}), monitorSpec(), 2)),
    ],
    ['no arming yet', 'waiting', /does not watch for this run yet$/, factOf(monitor(armed()))],
    [
      'no arming, since the monitor is refused',
      'waiting',
      /for this run yet: too few samples/,
      factOf(monitor(monitorStatus([], { state: 'undecidable', message: 'too few samples' }))),
    ],
    ['the arming of another run', 'waiting', /does not watch/, factOf(monitor(monitorStatus([armedFor('uid-other')])))],
    ['the arming of another threshold', 'waiting', /does not watch/, factOf(monitor(armed({ threshold: 'other' })))],
    ...(['waiting', 'learning', 'quiet', 'undecidable', 'lost'] as const).map(
      (state): [string, SignalFact['state'], RegExp, SignalFact | undefined] => [
        `an arming that is ${state}`,
        state,
        /^shop-traffic\/retry-storm: it says so$/,
        factOf(monitor(armed({ state, message: 'it says so' }))),
      ],
    ),
    [
      'an arming that fires without a crossing',
      'firing',
      /retry-storm: it says so$/,
      factOf(monitor(armed({ state: 'firing', message: 'it says so' }))),
    ],
    [
      'a crossing that is over',
      'firing',
      /812 frames\/s over 300/,
      factOf(monitor(armed({ state: 'quiet', crossing: crossing() }))),
    ],
    [
      'a crossing whose observer is gone',
      'firing',
      /812 frames\/s over 300/,
      factOf(monitor(armed({ state: 'lost', crossing: crossing() })), { silentMs: 60_000, isProven: true }),
    ],
  ])('says of %s: %s', (_what, state, message, fact) => {
    expect(fact?.state).toBe(state);
    expect(fact?.message).toMatch(message);
    expect([fact?.monitor, fact?.threshold]).toEqual(['shop-traffic', 'retry-storm']);
  });

  it('tells of a crossing all that decided, and which notification tells of it', () => {
    const fact = factOf(monitor(armed({ state: 'firing', crossing: crossing(), notification: 'shop-traffic-7' })));
    expect(fact).toEqual({
      monitor: 'shop-traffic',
      threshold: 'retry-storm',
      state: 'firing',
      flow: '10.0.0.1,10.0.0.10',
      value: 812.4,
      unit: 'frames',
      limit: 300,
      agent: '10.0.0.254',
      dataSource: '3',
      samples: 13,
      errorPercent: 14.2,
      notification: 'shop-traffic-7',
      at: Date.UTC(2026, 2, 1, 2, 30),
      message:
        'shop-traffic/retry-storm: flow 10.0.0.1,10.0.0.10: 812 frames/s over 300 (±14.2 %), seen by agent 10.0.0.254 at 3',
    });
  });

  it('has one fact for each rule on a monitor, and none for others', () => {
    const other: AbortRule = { kind: 'monitor', monitor: { ref: 'other', threshold: 'retry-storm' } };
    const seen = {
      monitorOf: (name: string) => (name === 'other' ? undefined : monitor(armed({}))),
      livenessOf: () => alive,
      isComplete: true,
    };
    const rules: AbortRule[] = [{ kind: 'hypothesis', hypothesis: 'reaches', forMs: 5000 }, other, rule];
    expect(signalFacts(rules, run, seen).map(({ monitor: name, state }) => [name, state])).toEqual([
      ['other', 'missing'],
      ['shop-traffic', 'quiet'],
    ]);
  });
});
