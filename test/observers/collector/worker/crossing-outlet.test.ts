import { expect, it } from 'vitest';
import type { NetworkCrossing } from '../../../../src/observers/index.ts';
import { createCrossingOutlet } from '../../../../src/observers/collector/worker/crossing-outlet.ts';
import { crossing } from '../crossing.ts';

const crossings = (count: number): NetworkCrossing[] => Array.from({ length: count }, (_, index) => crossing(index));

it('hands over the first 4096 that nobody has taken, counts the others, and goes on when some are taken', () => {
  const sent: number[] = [];
  const outlet = createCrossingOutlet(({ length }) => sent.push(length));
  outlet.push(crossings(4000));
  outlet.push(crossings(100));
  outlet.push(crossings(7));
  expect([sent, outlet.counters()]).toEqual([[4000, 96], { pushed: 4096, unread: 11 }]);
  outlet.taken(4000);
  outlet.push(crossings(5));
  expect([sent, outlet.counters()]).toEqual([[4000, 96, 5], { pushed: 4101, unread: 11 }]);
});

it('sends nothing where nothing was crossed', () => {
  let sent = 0;
  createCrossingOutlet(() => (sent += 1)).push([]);
  expect(sent).toBe(0);
});
