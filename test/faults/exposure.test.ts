import { describe, expect, it } from 'vitest';
import type { FaultWork } from '../../src/api/index.ts';
import { exposureOf } from '../../src/faults/exposure.ts';
import { delay, work } from './works.ts';

const address = '10.0.0.1';
const range = (first: number, last: number) => ({ first, last });
const portsAsked = (more: Partial<FaultWork>, protocol: 'icmp' | 'tcp' = 'tcp') => {
  const exposure = [{ hypothesis: 'h', podUid: 'pod', address, protocol }];
  const [counted] = exposureOf(work('a', delay(10), { exposure, ...more }), 'pod');
  const rules = counted?.rules.filter(
    ({ matches }) => !matches.some((one) => one.match === 'probe' && one.protocol === 'tcp-to-prober'),
  );
  return rules?.map(({ matches }) =>
    matches.flatMap((one) => (one.match === 'port' ? [one.of, one.ports.first, one.ports.last] : [])),
  );
};

describe('the exposure of a hypothesis', () => {
  const atPorts = (...ports: ReturnType<typeof range>[]) => ({
    peers: { ipv4: [], ipv6: [], atPorts: ports.map((one) => ({ ipv4: [address], ipv6: [], ports: one })) },
  });
  it.each<[string, Partial<FaultWork>, (string | number)[][]]>([
    ['by one rule where every port is hurt', {}, [[]]],
    [
      'at the ports that are hurt',
      { ports: [range(80, 80), range(90, 91)] },
      [
        ['target', 80, 80],
        ['target', 90, 91],
      ],
    ],
    ['once where ports of the target are named twice', { ports: [range(80, 90), range(80, 80)] }, [['target', 80, 90]]],
    [
      'once where ports of a peer are named twice',
      atPorts(range(80, 80), range(80, 90), range(95, 95)),
      [
        ['peer', 80, 90],
        ['peer', 95, 95],
      ],
    ],
    ['not at all where its peer is excepted', { except: { ipv4: ['10.0.0.0/24'], ipv6: [] } }, []],
    ['not at all where another protocol is hurt', { protocol: 'udp' }, []],
  ])('is counted %s', (_, more, asked) => {
    expect(portsAsked(more)).toEqual(asked);
  });

  it('of pings is none where ports are asked for', () => {
    expect(portsAsked({ ports: [range(1, 9)] }, 'icmp')).toEqual([]);
    expect(portsAsked({ protocol: 'icmp' }, 'icmp')).toEqual([[]]);
  });
});
