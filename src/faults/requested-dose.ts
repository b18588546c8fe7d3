import type { Dose, Fault } from '../api/index.ts';

/** What of a fault is measured, how much of it was asked for, and what shows it. */
export function requestedDose(fault: Fault): Pick<Dose, 'requested' | 'source'> {
  switch (fault.type) {
    case 'delay':
      return { requested: { value: fault.delayMs, unit: 'ms' }, source: 'probe' };
    case 'slot':
      return { requested: { value: (fault.minMs + fault.maxMs) / 2, unit: 'ms' }, source: 'probe' };
    case 'reorder':
      // After one that overtook, gap − 1 are held; then each has the chance until one overtakes (netem_enqueue).
      return { requested: { value: 100 / (fault.gap - 1 + 100 / fault.percent), unit: '%' }, source: 'probe' };
    case 'corrupt':
    case 'duplicate':
      return { requested: { value: fault.percent, unit: '%' }, source: 'probe' };
    case 'loss':
      return { requested: { value: fault.percent, unit: '%' }, source: 'counters' };
    case 'partition':
      return { requested: { value: 100, unit: '%' }, source: 'counters' };
    case 'rate':
      return { requested: { value: fault.bitsPerSecond, unit: 'bit/s' }, source: 'counters' };
  }
}
