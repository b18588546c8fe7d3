import { describe, expect, it } from 'vitest';
import type { MonitorStatus } from '../../src/api/index.ts';
import { entriesOfTraffic } from '../../src/control/index.ts';
import { sampleTraffic } from '../report/traffic/sample-traffic.ts';

const saw = (...traffic: MonitorStatus['traffic']) => ({ traffic, armed: [{ run: 'run' }] });
const own = { run: 'run', traffic: sampleTraffic() };

describe('what monitors saw of a run, for its journal', () => {
  it('is an entry for each that saw any, by name', () => {
    const monitors = [
      { metadata: { namespace: 'shop', name: 'web' }, status: saw({ run: 'other', traffic: { phases: [] } }, own) },
      { metadata: { namespace: 'shop', name: 'edge' }, status: saw(own) },
    ];
    expect(entriesOfTraffic('run', monitors)).toEqual([
      { type: 'traffic', monitor: 'shop/edge', traffic: own.traffic },
      { type: 'traffic', monitor: 'shop/web', traffic: own.traffic },
    ]);
  });

  it.each([
    ['no status', undefined],
    ['seen only other runs', saw({ run: 'other', traffic: sampleTraffic() })],
    ['watched no phase', saw({ run: 'run', traffic: { phases: [] } })],
  ])('is nothing of a monitor that has %s', (_what, status) => {
    expect(entriesOfTraffic('run', [{ metadata: { namespace: 'shop', name: 'web' }, status }])).toEqual([]);
  });

  const others = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ run: String(index), traffic: sampleTraffic() }));
  const named = { namespace: 'shop', name: 'web' };

  it('is a warning of a monitor that has no room for it', () => {
    const [entry, ...rest] = entriesOfTraffic('run', [{ metadata: named, status: saw(...others(5)) }]);
    expect(rest).toEqual([]);
    expect(entry).toEqual({
      type: 'warning',
      message: "what shop/web saw of this run's traffic is missing: a monitor shows that of 5 runs at a time",
    });
  });

  it.each([
    ['the run was never armed', { ...saw(...others(5)), armed: [{ run: 'other' }] }],
    ['there was room, so that nothing was counted', saw(...others(4))],
  ])('is no warning where %s', (_what, status) => {
    expect(entriesOfTraffic('run', [{ metadata: named, status }])).toEqual([]);
  });
});
