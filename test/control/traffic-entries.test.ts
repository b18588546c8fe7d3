import { describe, expect, it } from 'vitest';
import type { MonitorStatus } from '../../src/api/index.ts';
import { entriesOfTraffic } from '../../src/control/index.ts';
import { sampleTraffic } from '../report/traffic/sample-traffic.ts';

const saw = (...traffic: MonitorStatus['traffic']) => ({ traffic });
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
});
