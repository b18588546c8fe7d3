import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFlowTable, type DatagramSamples, defineFlow } from '../../../src/observers/index.ts';

const smoothingMs = 2000;

type Packet = { ipsource: string; bytes?: number; samplingRate?: number };

function datagram(source: string, toMs: number, packets: readonly Packet[]): DatagramSamples {
  const samples = packets.map(({ ipsource, bytes = 100, samplingRate = 64 }) => ({ fields: { ipsource, bytes }, samplingRate }));
  return { source, fromMs: toMs - 100, toMs, lostDatagrams: 0, samples };
}

const tableOf = (value: string, mostFlows = 100) =>
  createFlowTable(defineFlow({ keys: ['ipsource'], value }), { smoothingMs, mostFlows });

describe('the flows of a definition', () => {
  it('have values that are scaled by the sampling rate of each sample', () => {
    const { flows, total } = tableOf('bytes').observe(
      datagram('ovs', 100, [
        { ipsource: '10.0.0.1', bytes: 100 },
        { ipsource: '10.0.0.1', bytes: 1500, samplingRate: 8 },
        { ipsource: '10.0.0.2', bytes: 60 },
      ]),
    );
    const window = { fromMs: 0, toMs: 100, lostDatagrams: 0 };
    expect(flows.map(({ flow, interval }) => [flow, interval])).toEqual([
      ['10.0.0.1', { ...window, samples: 2, weight: 6400 + 12_000, heaviest: 12_000 }],
      ['10.0.0.2', { ...window, samples: 1, weight: 3840, heaviest: 3840 }],
    ]);
    expect(total).toEqual({ ...window, samples: 3, weight: 22_240, heaviest: 12_000 });
  });

  it('are listed from the largest, as they have fallen by then', () => {
    const table = tableOf('frames');
    table.observe(datagram('ovs', 1000, [{ ipsource: '10.0.0.1' }, { ipsource: '10.0.0.2' }, { ipsource: '10.0.0.2' }]));
    const listed = table.activeFlows({ nowMs: 3000, most: 10 });
    expect(listed.map(({ flow }) => flow)).toEqual(['10.0.0.2', '10.0.0.1']);
    expect(listed[0]?.value).toBeCloseTo((2 * 64) / 2 / Math.E, 9);
    expect(table.activeFlows({ nowMs: 3000, most: 1 })).toHaveLength(1);
    expect(table.activeFlows({ nowMs: 3000, most: 10, least: 20 }).map(({ flow }) => flow)).toEqual(['10.0.0.2']);
  });

  it('are there once for several sources, with the largest value and not the sum', () => {
    const table = tableOf('frames');
    table.observe(datagram('one', 1000, [{ ipsource: '10.0.0.1' }]));
    table.observe(datagram('other', 1000, [{ ipsource: '10.0.0.1' }, { ipsource: '10.0.0.1' }]));
    expect(table.activeFlows({ nowMs: 1000, most: 10 })).toEqual([{ flow: '10.0.0.1', source: 'other', value: 64 }]);
    expect(table.activeFlows({ nowMs: 1000, most: 10, source: 'one' })).toEqual([{ flow: '10.0.0.1', source: 'one', value: 32 }]);
  });

  it('leave out packets without the keys, and say of a datagram without samples that nothing passed', () => {
    const table = tableOf('frames');
    const arp = { fields: { bytes: 60, ethernetprotocol: 2054 }, samplingRate: 64 };
    expect(table.observe({ ...datagram('ovs', 100, []), samples: [arp] })).toMatchObject({
      flows: [],
      total: { samples: 0, weight: 0 },
    });
    expect(table.size()).toBe(0);
  });

  it('let the one that was sampled longest ago leave, and count it', () => {
    const table = tableOf('frames', 2);
    table.observe(datagram('ovs', 100, [{ ipsource: '10.0.0.1' }]));
    table.observe(datagram('ovs', 200, [{ ipsource: '10.0.0.2' }]));
    table.observe(datagram('ovs', 300, [{ ipsource: '10.0.0.1' }]));
    expect(table.observe(datagram('ovs', 400, [{ ipsource: '10.0.0.3' }])).evicted).toEqual(['ovs 10.0.0.2']);
    expect(table.activeFlows({ nowMs: 400, most: 9 }).map(({ flow }) => flow)).toEqual(['10.0.0.1', '10.0.0.3']);
    expect(table.evictions()).toBe(1);
  });

  it('leave when they were idle for too long, which is no want of room', () => {
    const table = tableOf('frames');
    table.limit({ mostFlows: 100, idleMs: 1000 });
    table.observe(datagram('ovs', 0, [{ ipsource: '10.0.0.1' }, { ipsource: '10.0.0.2' }]));
    expect(table.observe(datagram('ovs', 1000, [{ ipsource: '10.0.0.2' }])).evicted).toEqual([]);
    expect(table.observe(datagram('ovs', 1001, [{ ipsource: '10.0.0.2' }])).evicted).toEqual(['ovs 10.0.0.1']);
    expect([table.size(), table.evictions()]).toEqual([1, 0]);
  });

  it('are as many as they may be from now on', () => {
    const table = tableOf('frames');
    const packets = Array.from({ length: 9 }, (_, last) => ({ ipsource: `10.0.0.${String(last)}` }));
    table.observe(datagram('ovs', 0, packets));
    table.limit({ mostFlows: 2, idleMs: 1000 });
    expect(table.observe(datagram('ovs', 1, packets.slice(0, 1))).evicted).toHaveLength(7);
    expect([table.size(), table.evictions()]).toEqual([2, 7]);
  });

  it('have totals of a bounded number of sources, those that were sampled last', () => {
    const table = tableOf('frames', 2);
    for (let index = 0; index < 5000; index += 1) table.observe(datagram(String(index), index, [{ ipsource: '10.0.0.1' }]));
    const sources = table.totals(5000).map(({ source }) => source);
    expect(sources.length).toBeLessThanOrEqual(1024);
    expect(sources).toContain('4999');
  });

  it('are never more than they may be, and each that came is there or was counted as it left', () => {
    const packets = fc.array(fc.record({ ipsource: fc.nat(40).map((last) => `10.0.0.${String(last)}`) }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(packets, { maxLength: 20 }), fc.integer({ min: 1, max: 10 }), (datagrams, mostFlows) => {
        const table = tableOf('frames', mostFlows);
        const present = new Set<string>();
        datagrams.forEach((one, index) => {
          const change = table.observe(datagram('ovs', index * 100, one));
          for (const { id } of change.flows) present.add(id);
          for (const id of change.evicted) present.delete(id);
          expect(table.size()).toBeLessThanOrEqual(mostFlows);
          expect(table.size()).toBe(present.size);
        });
      }),
    );
  });
});
