/** What operations of several rounds cost, as rows and as a table. Pure. */
import type { Cost } from './costs.ts';
import { meanOf, ratiosOf, type Spread, spreadOf, spreadText, tableLines } from './summary.ts';

export const operations = ['apply', 'renew', 'close', 'undo'] as const;
export type Operation = (typeof operations)[number];
/** With the default lease of 30 s: a third of it passes between two renewals. */
const renewedEverySeconds = 10;

/** `addon`: the driver with nft in its own process. */
export type WayName = 'driver' | 'addon' | 'plain';

export type OperationCosts = Record<Operation, Cost>;
export type Round = ReadonlyMap<WayName, OperationCosts>;

/** Of all targets together, times in milliseconds. `ratio` is how many times as long the plain way took. */
export type OperationRow = {
  targets: number;
  way: WayName;
  operation: Operation;
  ms: Spread;
  processes: number;
  ownCpuMs: number;
  startedCpuMs: number;
  ratio: Spread;
};

export function operationRows(targets: number, rounds: readonly Round[]): OperationRow[] {
  const ways = [...(rounds[0]?.keys() ?? [])].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  return operations.flatMap((operation) => {
    const costsOf = (way: WayName) => rounds.flatMap((round) => round.get(way)?.[operation] ?? []);
    const times = (way: WayName) => costsOf(way).map(({ ms }) => ms);
    return ways.map((way) => {
      const costs = costsOf(way);
      return {
        targets,
        way,
        operation,
        ms: spreadOf(times(way)),
        processes: spreadOf(costs.map(({ processes }) => processes)).median,
        ownCpuMs: meanOf(costs.map(({ ownCpuMs }) => ownCpuMs)),
        startedCpuMs: meanOf(costs.map(({ startedCpuMs }) => startedCpuMs)),
        ratio: ratiosOf(times('plain'), times(way)),
      };
    });
  });
}

const order: readonly WayName[] = ['driver', 'addon', 'plain'];

export function operationLines(rows: readonly OperationRow[]): string[] {
  const head = [
    ...['targets', 'operation', 'way', 'ms', 'ms/target', 'processes/target', 'own CPU ms/target', "programs' CPU ms/target"],
    'plain/this',
  ];
  const cells = rows.map(({ targets, operation, way, ms, processes, ownCpuMs, startedCpuMs, ratio }) => [
    String(targets),
    operation,
    way,
    spreadText(ms, 0),
    ...[ms.median, processes, ownCpuMs, startedCpuMs].map((figure) => (figure / targets).toFixed(2)),
    way === 'plain' ? '' : spreadText(ratio, 2),
  ]);
  return tableLines([head, ...cells], 3);
}

/** What renewing goes on to take while faults last: a share of one processor. */
export function renewalLines(rows: readonly OperationRow[]): string[] {
  return rows
    .filter(({ operation, way }) => operation === 'renew' && way !== 'plain')
    .map(({ targets, way, ownCpuMs, startedCpuMs }) => {
      const percent = (100 * (ownCpuMs + startedCpuMs)) / (1000 * renewedEverySeconds);
      return `renewing ${targets} every ${renewedEverySeconds} s, way ${way}: ${percent.toFixed(2)} % of a processor`;
    });
}
