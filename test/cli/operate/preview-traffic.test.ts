import { describe, expect, it } from 'vitest';
import { monitorsIn, trafficLines } from '../../../src/cli/operate/preview-traffic.ts';
import type { SeenShare } from '../../../src/control/index.ts';
import { SquallError } from '../../../src/lib/index.ts';
import type { Store } from '../../../src/store/index.ts';

const seen: SeenShare = {
  monitor: 'shop/web',
  flow: 'pairs',
  unit: 'frames',
  share: { least: 0.412, most: 0.412 },
  seen: 90.25,
  flows: 20,
  heartbeatAgeMs: 432,
  limits: ['only the largest flows count'],
};

describe('the share of traffic in a preview for people', () => {
  it('is a line for each flow of a monitor, and once what limits it', () => {
    const lines = trafficLines([seen, { ...seen, flow: 'volume', share: { least: 0.1, most: 0.25 }, flows: 1 }]);
    expect(lines[1]).toMatch(/^ +TRAFFIC SEEN BY +FLOW +TOUCHED +OF$/);
    expect(lines[2]).toMatch(/^ +shop\/web +pairs +41\.2 % +90\.3 frames\/s in 20 flows, 0\.4 s ago$/);
    expect(lines[3]).toMatch(/^ +shop\/web +volume +10\.0 to 25\.0 % +90\.3 frames\/s in 1 flow, /);
    expect(lines.slice(4)).toEqual(['  only the largest flows count']);
  });

  it('says of a monitor that cannot tell why not', () => {
    expect(trafficLines([{ monitor: 'shop/web', why: 'its signal is lost' }])).toEqual([
      '',
      '  how much of the traffic that shop/web sees is not known: its signal is lost',
    ]);
  });

  it.each([[undefined], [[]]])('is not there without monitors (%j)', (traffic) => {
    expect(trafficLines(traffic)).toEqual([]);
  });
});

describe('the monitors of a namespace', () => {
  const flows = [{ name: 'pairs', keys: 'ipsource,ipdestination', value: 'frames' }];
  const storeOf = (list: () => Promise<unknown>) => ({ list }) as unknown as Store;
  const item = (name: string, spec: unknown) => ({ metadata: { name, namespace: 'shop' }, spec });

  it('are those whose specs are good', async () => {
    const items = [item('good', { flows }), item('bad', { flows: [] })];
    const found = await monitorsIn(
      storeOf(() => Promise.resolve({ items })),
      'shop',
    );
    expect(found).toMatchObject([
      { namespace: 'shop', name: 'good', monitor: { flows: [{ keys: ['ipsource', 'ipdestination'] }] } },
    ]);
  });

  it('are none without a store, and none for whom may not see them', async () => {
    expect(await monitorsIn(undefined, 'shop')).toEqual([]);
    const forbidden = storeOf(() => Promise.reject(new SquallError('PermissionDenied', 'no')));
    expect(await monitorsIn(forbidden, 'shop')).toEqual([]);
  });

  it('are not none because the store is away', async () => {
    const away = storeOf(() => Promise.reject(new SquallError('Unavailable', 'away')));
    await expect(monitorsIn(away, 'shop')).rejects.toThrow('away');
  });
});
