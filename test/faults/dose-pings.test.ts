import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { FaultWork } from '../../src/api/index.ts';
import { dosePingBytes } from '../../src/faults/index.ts';
import { runGate } from './gate-model.ts';
import { corrupt, delay, loss, plan, work } from './works.ts';

const address = '10.0.0.1';
const dosePeers = { pod: [address, 'fd00::1'] };
const ports = [{ first: 80, last: 80 }];
const pinged = (works: FaultWork[], dataBytes: number) => {
  const { gate, classes } = plan(works);
  const leases = new Map(works.map(({ id, device }) => [id, device]));
  const packet = { flow: 'egress', device: 'eth0', family: 'ipv4', address, protocol: 'icmp', dataBytes } as const;
  const { place, counted } = runGate(gate, leases, packet);
  return { met: classes.find(({ band }) => band === place?.band)?.faultIds ?? [], counted };
};

describe('the pings of a dose', () => {
  it.each<[string, Partial<FaultWork>, boolean]>([
    ['everything', {}, true],
    ['pings', { protocol: 'icmp' }, true],
    ['some peers whatever their port', { peers: { ipv4: [address], ipv6: [], atPorts: [] } }, true],
    [
      'one peer whatever its port, and another at ports',
      { peers: { ipv4: [address], ipv6: [], atPorts: [{ ipv4: ['10.0.0.2'], ipv6: [], ports: { first: 1, last: 9 } }] } },
      false,
    ],
    ['one port of the target', { ports }, false],
    ['one protocol that is not ICMP', { protocol: 'udp' }, false],
    [
      'ports of peers alone',
      { peers: { ipv4: [], ipv6: [], atPorts: [{ ipv4: [address], ipv6: [], ports: { first: 1, last: 9 } }] } },
      false,
    ],
  ])('are any where a fault hurts %s', (_, more, any) => {
    expect(dosePingBytes(work('a', delay(10), more)) === 40).toBe(any);
  });

  it('carry no data where a corruption is to be seen, or little', () => {
    expect(dosePingBytes(work('a', corrupt(10)))).toBe(0);
    expect(dosePingBytes(work('a', corrupt(10), { ports }))).toBeLessThan(40);
  });

  it("are never of the length of a hypothesis's pings, and fit into every link", () => {
    const ids = fc.stringMatching(/^[a-z0-9]{1,32}$/);
    fc.assert(
      fc.property(ids, fc.constantFrom(delay(10), corrupt(10)), (id, effect) => {
        const bytes = dosePingBytes(work(id, effect, { ports }));
        expect(bytes !== 56 && bytes > 0 && bytes + 48 <= 1280).toBe(true);
      }),
    );
  });

  it('meet their own fault and those that hurt pings as well, and are not counted as what their own was to hurt', () => {
    const works = [work('a', delay(10), { ports, dosePeers }), work('b', delay(20), { ports, dosePeers }), work('c', delay(30))];
    const [a, b] = works.map(dosePingBytes);
    expect(pinged(works, a ?? 0)).toEqual({ met: ['a', 'c'], counted: ['met_c'] });
    expect(pinged(works, b ?? 0)).toEqual({ met: ['b', 'c'], counted: ['met_c'] });
    expect(pinged(works, 56)).toEqual({ met: ['c'], counted: ['met_c'] });
  });

  it('are not taken where the kernel counts the dose', () => {
    const lossy = work('a', loss(10), { ports, dosePeers });
    expect(pinged([lossy], dosePingBytes(lossy))).toEqual({ met: [], counted: [] });
  });
});
