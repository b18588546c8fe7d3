/** One qdisc in the words of tc. */
import type { Loss } from './impairment.ts';
import { burstTransitions, type Netem, type Qdisc } from './tree.ts';

/**
 * The words after `qdisc add dev DEVICE`. Every field is written even where it is the default: `change` keeps what is not named. Slots and
 * reordering cannot be taken back by a word, but a qdisc that has them has them for good.
 */
export function qdiscWords(qdisc: Qdisc): string {
  const place = `parent ${qdisc.parent} handle ${qdisc.handle}`;
  switch (qdisc.kind) {
    case 'segmenting':
      // It shall cut, not shape: its rate is so high that the bucket is always full (at 10 Gbit/s the timer for every packet costs nine
      // tenths of the throughput).
      return `${place} tbf rate 1000gbit burst ${String(qdisc.burstBytes)} limit 10mb`;
    case 'shaping':
      return `${place} tbf rate ${decimal(qdisc.bitsPerSecond)}bit burst ${String(qdisc.burstBytes)} limit ${String(qdisc.queueBytes)}`;
    case 'losing':
      // Whom no filter sends to the second class stays in the first; where all are lost there is no filter.
      return `${place} htb default ${qdisc.percent === 100 ? '2' : '1'}`;
    case 'queue':
      return `${place} pfifo limit ${String(qdisc.limit)}`;
    case 'netem':
      return `${place} netem limit ${String(qdisc.limit)} ${netemWords(qdisc)}`;
  }
}

function netemWords({
  delayMs,
  jitterMs,
  distribution,
  loss,
  corruptPercent,
  duplicatePercent,
  slots,
  reordering,
}: Netem): string {
  const jitter = jitterMs === 0 ? '' : ` ${microseconds(jitterMs)}`;
  const shape = jitterMs === 0 || distribution === 'uniform' ? '' : ` distribution ${distribution}`;
  const overtaking = reordering && ` reorder ${percentage(reordering.percent)} gap ${String(reordering.gap)}`;
  const inSlots = slots && ` slot ${microseconds(slots.minMs)} ${microseconds(slots.maxMs)}`;
  return [
    `delay ${microseconds(delayMs)}${jitter}${shape} loss ${lossWords(loss)}`,
    ` corrupt ${percentage(corruptPercent)} duplicate ${percentage(duplicatePercent)}`,
    ...[overtaking ?? '', inSlots ?? ''],
  ].join('');
}

function lossWords(loss: Loss): string {
  switch (loss.kind) {
    case 'none':
      return '0%';
    case 'independent':
      return percentage(loss.percent);
    case 'burst': {
      const { enter, leave } = burstTransitions(loss.percent, loss.length);
      return `gemodel ${percentage(100 * enter)} ${percentage(100 * leave)} 100% 0%`;
    }
  }
}

/** tc reads decimals, but no exponents. */
const decimal = (value: number): string => String(Number(value.toFixed(6)));
const percentage = (percent: number): string => `${decimal(percent)}%`;
const microseconds = (milliseconds: number): string => `${String(Math.round(milliseconds * 1000))}us`;
