import { describe, expect, it } from 'vitest';
import { operationLines, operationRows, renewalLines, type Round } from '../../scripts/bench/operation-rows.ts';
import { pathRows, type PathRound } from '../../scripts/bench/path-rows.ts';
import { meanOf, middleMeanOf, ratiosOf, rotated, spreadOf, spreadText, tableLines } from '../../scripts/bench/summary.ts';

describe('figures of several rounds', () => {
  it('are a median between the least and the greatest', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, greatest: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, least: 1, greatest: 4 });
    expect(spreadText(spreadOf([3, 1, 2]), 1)).toBe('2.0 (1.0 to 3.0)');
  });

  it('are compared round by round', () => {
    expect(ratiosOf([10, 200], [5, 100])).toEqual({ median: 2, least: 2, greatest: 2 });
  });

  it('are means where single ones are too coarse, without what is far out', () => {
    expect(meanOf([0, 10])).toBe(5);
    expect(middleMeanOf([1000, 1, 2, 3])).toBe(2.5);
  });

  it('begin with another way in every round', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  it('stand below each other', () => {
    expect(
      tableLines(
        [
          ['way', 'ms'],
          ['x', '100'],
        ],
        1,
      ),
    ).toEqual(['way   ms', 'x    100']);
  });
});

describe('rows', () => {
  const cost = (ms: number) => ({ ms, processes: 20, ownCpuMs: 30, startedCpuMs: 70 });
  const costs = (ms: number) => ({ apply: cost(ms), renew: cost(ms), close: cost(ms), undo: cost(ms) });
  const round: Round = new Map([
    ['plain', costs(60)],
    ['driver', costs(20)],
  ]);

  it('tell what each way takes, and how much longer the plain way', () => {
    const rows = operationRows(10, [round, round]);
    expect(rows.slice(0, 2)).toMatchObject([
      { way: 'driver', operation: 'apply', ms: { median: 20 }, ratio: { median: 3 } },
      { way: 'plain', operation: 'apply', ms: { median: 60 }, ratio: { median: 1 } },
    ]);
    expect(operationLines(rows)[1]?.split(/\s{2,}/)).toEqual([
      ...['10', 'apply', 'driver', '20 (20 to 20)', '2.00', '2.00', '3.00', '7.00'],
      '3.00 (3.00 to 3.00)',
    ]);
    expect(renewalLines(rows)).toEqual(['renewing 10 every 10 s, way driver: 1.00 % of a processor']);
  });

  it('compare a path with a gate to that without one in the same round', () => {
    const sample = (factor: number) => ({
      tcpBitsPerSecond: factor * 1e9,
      udpPacketsPerSecond: factor * 1e6,
      rttMs: 0.01 / factor,
    });
    const one: PathRound = {
      'no gate': sample(1),
      'no gate again': sample(1),
      'gate out, 10 peers': sample(0.5),
      'gate out, 1000 peers': sample(0.5),
      'gate both ways, 10 peers': sample(0.5),
      'gate both ways, 1000 peers': sample(0.5),
    };
    expect(pathRows([one])[2]).toMatchObject({
      tcpRatio: { median: 0.5 },
      udpRatio: { median: 0.5 },
      udpAddedNs: { median: 1000 },
      addedUs: { median: 10 },
    });
  });
});
