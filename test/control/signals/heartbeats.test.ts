import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mostHeartbeatSilenceMs } from '../../../src/api/index.ts';
import { createHeartbeats } from '../../../src/control/signals/heartbeats.ts';
import { formatInstant } from '../../../src/lib/index.ts';
import { monitor, monitorStatus } from './monitors.ts';

const wall = Date.UTC(2026, 2, 1);

/** This machine's clocks, and a monitor whose heartbeat was written so long ago by the observer's own. */
function start() {
  const time = { now: 0 };
  const heartbeats = createHeartbeats({ now: () => wall + time.now, monotonic: () => 5000 + time.now });
  const see = (heartbeatMs: number) => {
    const object = monitor(monitorStatus([], { heartbeatAt: formatInstant(wall + heartbeatMs) }));
    heartbeats.see(object);
    return object;
  };
  return { time, heartbeats, see };
}

describe('the heartbeats of a monitor', () => {
  it.each([
    ['just now', 0, { silentMs: 0, isProven: true }],
    ['as long ago as it may be silent', -3000, { silentMs: 3000, isProven: true }],
    ['longer ago', -3001, { silentMs: 0, isProven: false }],
    ['a little later, by the clock of another machine', 2000, { silentMs: 0, isProven: true }],
    ['far later, by a clock that nobody can compare', 60_000, { silentMs: 0, isProven: false }],
  ])('that says at first sight that it was %s', (_when, heartbeatMs, expected) => {
    const { heartbeats, see } = start();
    expect(heartbeats.of(see(heartbeatMs))).toEqual(expected);
  });

  it('count from when they are seen to change, whatever they say', () => {
    fc.assert(
      fc.property(fc.integer({ min: -86_400_000, max: 86_400_000 }), fc.nat(5000), fc.nat(5000), (skew, waitMs, silentMs) => {
        const { time, heartbeats, see } = start();
        see(skew);
        time.now += waitMs;
        const object = see(skew + waitMs + 1);
        time.now += silentMs;
        expect(heartbeats.of(object)).toEqual({ silentMs, isProven: true });
      }),
    );
  });

  it('that are shown again and again without a change are silence', () => {
    const { time, heartbeats, see } = start();
    see(0);
    time.now = mostHeartbeatSilenceMs + 500;
    expect(heartbeats.of(see(0))).toEqual({ silentMs: mostHeartbeatSilenceMs + 500, isProven: true });
  });

  it('that cannot be read prove nothing until they change', () => {
    const { heartbeats, see } = start();
    const broken = monitor(monitorStatus([], { heartbeatAt: 'soon' }));
    heartbeats.see(broken);
    expect(heartbeats.of(broken)).toEqual({ silentMs: 0, isProven: false });
    expect(heartbeats.of(see(0))).toEqual({ silentMs: 0, isProven: true });
  });

  it('are none of a monitor that nobody observes, and of one that was deleted', () => {
    const { heartbeats, see } = start();
    heartbeats.see(monitor());
    expect(heartbeats.of(monitor())).toBeUndefined();
    const object = see(0);
    heartbeats.forget(object);
    expect(heartbeats.of(object)).toBeUndefined();
  });
});
