import { describe, expect, it } from 'vitest';
import { createIcmpTracker } from '../../src/probes/icmp-tracker.ts';
import { fpingArguments, parseFpingLine, parseFpingSummary } from '../../src/probes/icmp.ts';

describe('fpingArguments', () => {
  it('asks for endless pings with stamps, never letting an address be taken for an option', () => {
    const args = fpingArguments({ addresses: ['10.0.0.1', 'fd00::1'], periodMs: 200, timeoutMs: 1000, payloadBytes: 56 });
    expect(args.join(' ')).toBe('-l -D -i 1 -p 200 -t 1000 -b 56 -- 10.0.0.1 fd00::1');
  });
});

describe('the room that fping has', () => {
  const options = { addresses: ['10.0.0.1'], periodMs: 200, timeoutMs: 1000, payloadBytes: 56 };
  it.each([
    ['for every ping of the time that it lasts, and of a minute more', { lastsMs: 60_000 }, '-c 600 '],
    ['for one time-out where that would be too many', { lastsMs: 7 * 24 * 3_600_000 }, '-l '],
    ['for the pings that are asked for', { lastsMs: 60_000, count: 5 }, '-c 5 '],
  ])('is %s', (_what, more, expected) => {
    expect(fpingArguments({ ...options, ...more }).join(' ')).toMatch(new RegExp(`^${expected}`));
  });
});

describe('parseFpingLine', () => {
  it.each([
    ['[1795391754.71987] 127.0.0.1 : [0], 64 bytes, 3.40 ms (3.40 avg, 0% loss)', '127.0.0.1', 0, 3.4],
    ['[1795391754.72682] ::1       : [12], 64 bytes, 0.202 ms (0.202 avg, 0% loss)', '::1', 12, 0.202],
    ['[1795391760.65932] ::1       : [3], timed out (0.055 avg, 25% loss)', '::1', 3, undefined],
    ['[1795391760.66201] 127.0.0.2 : [0], timed out (NaN avg, 100% loss)', '127.0.0.2', 0, undefined],
    ['[1795391760.66201] 10.0.0.9 : [7], 64 bytes, 1023 ms (1000 avg, 0% loss)', '10.0.0.9', 7, 1023],
  ])('reads %j', (text, address, index, rttMs) => {
    const stamp = Number(text.slice(1, text.indexOf(']')));
    expect(parseFpingLine(text)).toEqual({ address, index, atMs: stamp * 1000, ...(rttMs === undefined ? {} : { rttMs }) });
  });

  it.each([
    '',
    '127.0.0.1 : xmt/rcv/%loss = 6/6/0%, min/avg/max = 0.044/0.081/0.203',
    'ICMP Host Unreachable from 10.0.0.1 for ICMP Echo sent to 10.0.0.9',
    '[1795391754.71987] 127.0.0.1 : duplicate for [0], 64 bytes, 3.40 ms',
  ])('settles nothing by %j', (text) => {
    expect(parseFpingLine(text)).toBeUndefined();
  });
});

describe('parseFpingSummary', () => {
  it.each([
    ['127.0.0.1       : xmt/rcv/%loss = 6/6/0%, min/avg/max = 0.044/0.081/0.203', '127.0.0.1', 6],
    ['FD00:0::1       : xmt/rcv/%loss = 5/0/100%', 'FD00:0::1', 5],
  ])('reads %j', (text, address, settled) => {
    expect(parseFpingSummary(text)).toEqual({ address, settled });
  });

  it('takes the stamp above a summary for none', () => {
    expect(parseFpingSummary('[00:00:41]')).toBeUndefined();
  });
});

describe('createIcmpTracker', () => {
  const tracker = () => createIcmpTracker({ addresses: ['a', 'b'], periodMs: 200, timeoutMs: 1000, startedAt: 0 });

  it('tells when a probe was sent from when its outcome was printed', () => {
    const track = tracker();
    expect(track.settle({ address: 'a', index: 0, atMs: 5_050, rttMs: 50 })).toEqual([
      { address: 'a', number: 0, sentAt: 5_000, rttMs: 50 },
    ]);
    expect(track.settle({ address: 'a', index: 1, atMs: 6_200 })).toEqual([
      { address: 'a', number: 1, sentAt: 5_200, reason: 'timeout' },
    ]);
  });

  it('takes a reply after its time-out for lost all the same', () => {
    const track = tracker();
    track.settle({ address: 'a', index: 0, atMs: 1_000 });
    expect(track.settle({ address: 'a', index: 0, atMs: 1_200, rttMs: 1_200 })).toEqual([]);
  });

  it('declares a gap unsendable once a later line proves that its time-out has passed', () => {
    const track = tracker();
    track.settle({ address: 'a', index: 0, atMs: 10, rttMs: 10 });
    // 1 and 2 could still be open when 3 is answered.
    expect(track.settle({ address: 'a', index: 3, atMs: 610, rttMs: 10 })).toHaveLength(1);
    const later = track.settle({ address: 'a', index: 9, atMs: 1_810, rttMs: 10 });
    expect(later).toEqual([
      { address: 'a', number: 1, sentAt: 200, reason: 'unreachable' },
      { address: 'a', number: 9, sentAt: 1_800, rttMs: 10 },
    ]);
  });

  it('declares probes without any line unsendable by the counts of fping, and only as many as it counted', () => {
    const track = tracker();
    expect(track.summary('b', 5, 1_000)).toEqual([]);
    // Counted at 1000: not one is older than its time-out.
    expect(track.summary('b', 5, 2_000)).toEqual([]);
    // Counted at 2000: 10 were settled, of which those sent until 500 are overdue.
    expect(track.summary('b', 5, 3_000).map(({ number, sentAt }) => [number, sentAt])).toEqual([
      [0, 0],
      [1, 200],
      [2, 400],
    ]);
    expect(track.summary('a', 5, 3_000)).toEqual([]);
  });

  it('declares nothing while fping counts nothing but its lines', () => {
    const track = tracker();
    for (let index = 0; index < 20; index += 1) track.settle({ address: 'a', index, atMs: index * 200 + 1, rttMs: 1 });
    track.summary('a', 20, 4_000);
    expect(track.summary('a', 0, 60_000)).toEqual([]);
    expect(track.summary('a', 0, 120_000)).toEqual([]);
  });

  it('accounts for every probe of a count when fping ends', () => {
    const track = tracker();
    track.settle({ address: 'a', index: 1, atMs: 210, rttMs: 10 });
    const rest = track.finish(3);
    expect(rest.filter(({ address }) => address === 'a').map(({ number }) => number)).toEqual([0, 2]);
    expect(rest.filter(({ address }) => address === 'b').map(({ number }) => number)).toEqual([0, 1, 2]);
  });
});
