import { describe, expect, it } from 'vitest';
import type { NodeTask } from '../../../src/api/index.ts';
import { renderStatus, statusLines } from '../../../src/cli/operate/status-text.ts';
import { type StatusFacts, viewStatus } from '../../../src/cli/operate/status-view.ts';
import type { ExperimentObject, MonitorObject, ScheduleObject } from '../../../src/control/index.ts';

const now = Date.parse('2026-03-01T12:00:30Z');
const spec = {
  before: '10s',
  duration: '60s',
  after: '5s',
  fault: {
    targets: [{ kind: 'pod', namespace: 'shop', name: 'payments-0' }],
    configuration: { type: 'delay', device: 'eth0', value: '200ms' },
  },
};

const running = {
  metadata: { name: 'slow', namespace: 'shop', uid: 'u1', creationTimestamp: '2026-03-01T12:00:00Z' },
  spec,
  status: {
    phase: 'during',
    targets: [{}, {}],
    residue: 0,
    run: { phase: 'during', windows: { during: { from: now - 20_000 } } },
  },
} as unknown as ExperimentObject;
const over = {
  metadata: { name: 'lossy', namespace: 'bank', uid: 'u2', creationTimestamp: '2026-03-01T11:00:00Z' },
  spec,
  status: {
    phase: 'done',
    verdict: 'Errored',
    reason: 'CleanUpIncomplete',
    targets: [{}],
    residue: 1,
    run: { phase: 'done', windows: {} },
  },
} as unknown as ExperimentObject;
const fresh = { metadata: { name: 'fresh', namespace: 'shop', uid: 'u3' }, spec } as unknown as ExperimentObject;
const nightly = {
  metadata: { name: 'nightly', namespace: 'shop' },
  spec: { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' },
  status: { nextScheduleTime: '2026-03-02T01:30:00.000Z', lastVerdict: 'Passed' },
} as unknown as ScheduleObject;
const monitor = (name: string, more: object): MonitorObject =>
  ({
    metadata: { name, namespace: 'shop' },
    status: {
      state: 'quiet',
      message: '',
      agentCount: 1,
      thresholds: [],
      armed: [],
      heartbeatAt: '2026-03-01T12:00:29Z',
      ...more,
    },
  }) as unknown as MonitorObject;
const stormy = monitor('stormy', {
  state: 'firing',
  message: 'storm: 812 frames/s',
  thresholds: [
    { name: 'storm', state: 'firing' },
    { name: 'idle', state: 'quiet' },
  ],
  armed: [{}],
});
const silent = monitor('silent', { heartbeatAt: '2026-03-01T12:00:26.500Z' });
const unseen = { metadata: { name: 'unseen', namespace: 'bank' } } as unknown as MonitorObject;

const task = { spec: { run: { uid: 'u2' } }, status: { residue: 2 } } as unknown as NodeTask;
const facts: StatusFacts = {
  experiments: [over, running, fresh],
  schedules: [nightly],
  tasks: [task],
  folder: {
    folder: '/etc/squall.d',
    count: 1,
    problems: [
      { file: 'bad.yaml', line: 3, path: 'spec', value: '', message: 'expected a\u001b[31m spec', code: 'InvalidInput' },
    ],
  },
};

describe('the status', () => {
  it('has the newest run first, with the time that its phase has left', () => {
    const { experiments } = viewStatus(facts, undefined, now);
    expect(experiments.map(({ name, phase, timeLeftMs, targets }) => [name, phase, timeLeftMs, targets])).toEqual([
      ['slow', 'during', 40_000, 2],
      ['lossy', 'done', undefined, 1],
      ['fresh', 'pending', undefined, 0],
    ]);
  });

  it('counts residue once, whether a task or its run tells of it first', () => {
    expect(viewStatus(facts, undefined, now).residue).toBe(2);
    expect(viewStatus({ ...facts, tasks: [] }, undefined, now).residue).toBe(1);
    expect(viewStatus(facts, 'shop', now).residue).toBe(0);
  });

  it('shows everything that an operator asks about', () => {
    expect(renderStatus(viewStatus(facts, undefined, now), now).split('\n')).toEqual([
      'EXPERIMENTS',
      '  NAME        PHASE    LEFT    TARGETS  VERDICT  REASON             AGE',
      '  shop/slow   during   40.0 s  2        -        -                  30.0 s',
      '  bank/lossy  done     -       1        Errored  CleanUpIncomplete  1 h 00 min',
      '  shop/fresh  pending  -       0        -        -                  -',
      'SCHEDULES',
      '  NAME          SCHEDULE    ZONE           SUSPENDED  LAST  NEXT                      LAST VERDICT',
      '  shop/nightly  30 2 * * *  Europe/Berlin  no         -     2026-03-02T01:30:00.000Z  Passed',
      'FOLDER /etc/squall.d: 1 problem',
      expect.stringMatching(/^ {2}bad\.yaml:3: .*expected a\[31m spec/),
      'residue 2',
      '',
    ]);
    expect(renderStatus(viewStatus({ experiments: [], schedules: [], tasks: [] }, undefined, now), now)).toBe(
      'EXPERIMENTS: none\nSCHEDULES: none\nresidue 0\n',
    );
  });

  it('shows what monitors say, and of one that nobody writes any more that it is lost, whatever it said last', () => {
    const deaf = monitor('deaf', { state: 'lost', message: 'the port is in use', heartbeatAt: '1970-01-01T00:00:00.000Z' });
    const monitors = [stormy, monitor('calm', {}), silent, deaf, unseen];
    const view = viewStatus({ experiments: [], schedules: [], tasks: [], monitors }, undefined, now);
    expect(renderStatus(view, now).split('\n').slice(2, -2)).toEqual([
      'MONITORS',
      '  NAME         STATE   AGENTS  FIRING  ARMED  HEARTBEAT  MESSAGE',
      '  shop/stormy  firing  1       storm   1      1.00 s     storm: 812 frames/s',
      '  shop/calm    quiet   1       -       0      1.00 s     -',
      '  shop/silent  lost    1       -       0      3.50 s     whoever observed it says nothing any more',
      '  shop/deaf    lost    1       -       0      -          the port is in use',
      '  bank/unseen  lost    0       -       0      -          nobody has said yet what it sees: squall serve or squall observer does',
    ]);
    expect(statusLines(view)).toContain('monitor shop/stormy firing, firing storm: storm: 812 frames/s');
    expect(viewStatus({ experiments: [], schedules: [], tasks: [], monitors }, 'bank', now).monitors).toHaveLength(1);
  });

  it('has lines that do not change by the clock alone', () => {
    const later = statusLines(viewStatus(facts, undefined, now + 5000));
    expect(later).toEqual(statusLines(viewStatus(facts, undefined, now)));
    expect(later).toContain('experiment bank/lossy done Errored (CleanUpIncomplete)');
  });
});
