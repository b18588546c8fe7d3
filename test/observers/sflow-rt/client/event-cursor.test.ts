import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReadEvent } from '../../../../src/observers/sflow-rt/client/answers.ts';
import { createEventCursor } from '../../../../src/observers/sflow-rt/client/event-cursor.ts';

const event = (eventId: number, timestamp: number): ReadEvent => ({
  eventId,
  timestamp,
  thresholdId: 'ddos',
  value: 1,
  agent: '',
  dataSource: '',
});

test('an event is taken once, however often the numbers begin anew and the list is read again', () => {
  const step = fc.constantFrom('event', 'restart', 'ask', 'ask from start');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cursor = createEventCursor();
      let life: ReadEvent[] = [];
      let [clock, mustReadAll] = [0, false];
      const [happened, taken]: [ReadEvent[], ReadEvent[]] = [[], []];
      const ask = (fromStart: boolean) => {
        const after = fromStart ? -1 : cursor.newest();
        taken.push(
          ...cursor.take(
            life.filter(({ eventId }) => eventId > after),
            fromStart,
          ),
        );
      };
      for (const what of [...steps, 'ask from start']) {
        clock += 1;
        if (what === 'event') {
          life.push(event(life.length, clock));
          happened.push(...life.slice(-1));
        } else if (what === 'restart') {
          // What a process had not told when it ended is lost with it; what the client knows of is not.
          ask(mustReadAll);
          life = [];
          mustReadAll = true;
        } else {
          ask(mustReadAll || what === 'ask from start');
          mustReadAll = false;
        }
      }
      expect(taken).toEqual(happened);
    }),
  );
});

test('numbers that went back are another life', () => {
  const cursor = createEventCursor();
  expect(cursor.isFormerLife([])).toBe(false);
  cursor.take([event(4, 1), event(5, 2)], true);
  expect(cursor.isFormerLife([event(5, 2)])).toBe(false);
  expect(cursor.isFormerLife([event(6, 2)])).toBe(false);
  expect(cursor.isFormerLife([event(1, 3)])).toBe(true);
  expect(cursor.isFormerLife([])).toBe(true);
});

test('a server that ignores the cursor makes no event twice', () => {
  const cursor = createEventCursor();
  const all = [event(0, 1), event(1, 2)];
  expect(cursor.take(all, false)).toEqual(all);
  expect(cursor.take(all, false)).toEqual([]);
  expect(cursor.newest()).toBe(1);
});
