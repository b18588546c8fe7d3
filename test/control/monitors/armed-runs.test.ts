import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AbortRule, apiVersion } from '../../../src/api/index.ts';
import { armedRunsOf, armingPhase, canonicalAddress } from '../../../src/control/monitors/armed-runs.ts';
import { createRunIndex } from '../../../src/control/monitors/run-index.ts';
import { type ExperimentObject, statusOf } from '../../../src/control/run-status.ts';
import { initialState, type RunPhase } from '../../../src/experiment/index.ts';
import { ipv6Text } from '../../../src/observers/sflow/decode/object/text.ts';
import type { Change, ObjectKey, Stored } from '../../../src/store/index.ts';
import { shaper } from '../../api/samples.ts';

const rule = (ref: string, threshold: string): AbortRule => ({ kind: 'monitor', monitor: { ref, threshold } });

function run(changes: { phase?: RunPhase; ips?: string[]; uid?: string; generation?: number; createdAt?: string } = {}) {
  const { phase = 'preflight', ips = [], uid = 'uid-1', generation = 1, createdAt = '2026-06-01T10:00:00Z' } = changes;
  const parts = { generation: 1, seed: 's', targets: [], addresses: ips, faultTasks: [] };
  const abort = [{ monitor: { ref: 'm', threshold: 't' } }];
  return {
    ...{ apiVersion, kind: 'NetworkExperiment', spec: { duration: '20s', fault: shaper, abort } },
    metadata: { namespace: 'shop', name: uid, uid, generation, creationTimestamp: createdAt, resourceVersion: '1' },
    status: statusOf({ ...initialState(0), phase }, parts, [], 0),
  } satisfies Stored<ExperimentObject>;
}

describe('the phase of an arming', () => {
  it.each<[RunPhase, boolean, string]>([
    ['pending', false, 'before'],
    ['preflight', false, 'before'],
    ['before', false, 'before'],
    ['before', true, 'during'],
    ['inject', true, 'during'],
    ['during', true, 'during'],
    ['during', false, 'during'],
    ['undo', true, 'after'],
    ['after', true, 'after'],
    ['settle', true, 'after'],
  ])('of a run in %s, touched: %s, is %s', (phase, touched, expected) => {
    expect(armingPhase({ phase, touched })).toBe(expected);
  });
});

describe('the runs that monitors may abort', () => {
  it('are armed once for each monitor, with every threshold once', () => {
    const rules = [rule('m', 'a'), rule('n', 'b'), rule('m', 'c'), rule('m', 'a')];
    const hypothesis: AbortRule = { kind: 'hypothesis', hypothesis: 'h', forMs: 5000 };
    expect(armedRunsOf(run(), [...rules, hypothesis]).map(({ monitor, thresholds }) => [monitor, thresholds])).toEqual([
      ['shop/m', ['a', 'c']],
      ['shop/n', ['b']],
    ]);
  });

  it('are not armed before they have a status, nor when they are over', () => {
    expect(armedRunsOf({ ...run(), status: undefined }, [rule('m', 'a')])).toEqual([]);
    expect(armedRunsOf(run({ phase: 'done' }), [rule('m', 'a')])).toEqual([]);
  });

  it('have the addresses of their targets in the one form that packets are compared in', () => {
    const ips = ['FD00:0:0:0:0:0:0:1', '10.0.0.2', 'fd00::1'];
    expect(armedRunsOf(run({ ips }), [rule('m', 'a')])[0]?.targets).toEqual(['10.0.0.2', 'fd00::1']);
  });

  it('have addresses as the decoder prints them, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.boolean(), (bytes, isSparse) => {
        const sparse = isSparse ? bytes.map((byte, index) => (index % 5 === 0 ? byte : 0)) : bytes;
        const view = new DataView(sparse.buffer);
        const long = Array.from({ length: 8 }, (_, group) =>
          view
            .getUint16(2 * group)
            .toString(16)
            .padStart(4, '0'),
        );
        expect(canonicalAddress(long.join(':').toUpperCase())).toBe(ipv6Text(view, 0));
      }),
    );
  });

  it.each(['10.0.0.1', 'not an address'])('%s stays as it is', (text) => {
    expect(canonicalAddress(text)).toBe(text);
  });
});

describe('the index of runs', () => {
  type Listener = (key: ObjectKey, change: Change<ExperimentObject>, sighting: 'live') => void;
  function indexOf(...objects: Stored<ExperimentObject>[]) {
    const told: string[] = [];
    let listener: Listener = () => undefined;
    const cache = {
      list: () => objects,
      onChange: (next: Listener) => {
        listener = next;
        return () => undefined;
      },
    };
    const index = createRunIndex(cache, (monitor) => told.push(monitor));
    const show = (object: Stored<ExperimentObject>, type: 'added' | 'deleted' = 'added') => {
      listener({ namespace: 'shop', name: object.metadata.name }, { type, object }, 'live');
    };
    return { index, told, show };
  }
  const uids = (index: { runsOf: (monitor: string) => { uid: string }[] }) => index.runsOf('shop/m').map(({ uid }) => uid);

  it('has the runs that are there at the start, the oldest first', () => {
    const { index } = indexOf(run({ uid: 'b', createdAt: '2026-06-01T10:00:01Z' }), run({ uid: 'c' }), run({ uid: 'a' }));
    expect(uids(index)).toEqual(['a', 'c', 'b']);
    expect(index.runsOf('other/m')).toEqual([]);
  });

  it('tells of a run that comes, changes its phase or goes, and not of what does not matter', () => {
    const { index, told, show } = indexOf();
    show(run());
    show(run());
    expect(told).toEqual(['shop/m']);
    show(run({ phase: 'during' }));
    expect(told).toHaveLength(2);
    show(run({ phase: 'done' }));
    show(run({ phase: 'done' }), 'deleted');
    expect(told).toHaveLength(3);
    expect(uids(index)).toEqual([]);
  });

  it('tells both monitors when an edit changes which one is named', () => {
    const { told, show } = indexOf(run());
    const edited = run({ generation: 2 });
    show({ ...edited, spec: { ...edited.spec, abort: [{ monitor: { ref: 'n', threshold: 't' } }] } });
    expect(told.sort()).toEqual(['shop/m', 'shop/n']);
  });

  it('arms nothing for a run whose spec cannot be read', () => {
    const { index } = indexOf({ ...run(), spec: { duration: 'long' } });
    expect(uids(index)).toEqual([]);
  });
});
