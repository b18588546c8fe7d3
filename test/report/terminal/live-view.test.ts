import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../../src/api/index.ts';
import { createLiveView, type LiveViewOptions } from '../../../src/report/index.ts';
import { textWidth } from '../../../src/report/terminal/text-width.ts';
import { sampleJournal } from '../sample-journal.ts';

/** A clock that stands still until it is told to go on; `wake` ends one sleep and waits until the sleeper sleeps again. */
function stoppedClock(): { clock: LiveViewOptions['clock']; asked: number[]; wake: (now: number) => Promise<void> } {
  const asked: number[] = [];
  let now = 0;
  let release: (() => void) | undefined;
  const clock: LiveViewOptions['clock'] = {
    now: () => now,
    sleep: (milliseconds, signal) => {
      asked.push(milliseconds);
      return new Promise((resolve, reject) => {
        release = resolve;
        signal?.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
    },
  };
  const wake = async (next: number): Promise<void> => {
    now = next;
    const sleeps = asked.length;
    release?.();
    for (let turn = 0; turn < 50 && asked.length === sleeps; turn += 1) await Promise.resolve();
  };
  return { clock, asked, wake };
}

function openView(options: Partial<LiveViewOptions> = {}) {
  const written: string[] = [];
  const listeners: ((error: Error) => void)[] = [];
  const stream: LiveViewOptions['stream'] = {
    write: (text) => written.push(text),
    on: (_event, listener) => listeners.push(listener),
    off: (_event, listener) => listeners.splice(listeners.indexOf(listener), 1),
  };
  const { clock, asked, wake } = stoppedClock();
  const view = createLiveView({ stream, isTty: true, columns: () => 100, color: false, clock, ...options });
  return { view, written, listeners, asked, wake, text: () => written.join('') };
}

const timeOf = (record: JournalRecord | undefined): number => Date.parse(record?.time ?? '');

/** The rows of a screen after what was written to it, for the three movements that the view makes. */
function screenOf(text: string): string[] {
  const rows: string[] = [];
  let row = 0;
  let rest = text;
  while (rest !== '') {
    const move = /^\u001B\[(\d*)([AJK])|^[\r\n]/.exec(rest);
    const [token = '', count, kind] = move ?? [rest.slice(0, 1)];
    if (kind === 'A') row -= Number(count);
    else if (kind === 'K') rows[row] = '';
    else if (kind === 'J') rows.splice(row);
    else if (token === '\n') row += 1;
    else if (token !== '\r') rows[row] = (rows[row] ?? '') + token;
    rest = rest.slice(token.length);
  }
  return rows;
}

describe('the live view on a terminal', () => {
  it('redraws in place, at most five times a second', async () => {
    const { view, written, asked, wake, text } = openView();
    const records = sampleJournal({ lossPercent: 50 });
    const half = records.findIndex(({ type }, index) => type === 'samples' && index > 60);
    for (const record of records.slice(0, half)) view.onRecord(record);
    expect(written).toHaveLength(0);
    await wake(timeOf(records[half]));
    await wake(timeOf(records[half]) + 200);
    expect(written).toHaveLength(2);
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(200);
    const screen = screenOf(text());
    expect(screen.filter((row) => row.includes('squall shop/checkout-survives-slow-payments'))).toHaveLength(1);
    expect(screen.join('\n')).toMatch(/▸ during █+░+ 0:\d\d left/);
    expect(screen.join('\n')).toMatch(/checkout-reaches-payments +rtt +200\.\d ms +p95 +200\.\d ms +loss +\d+ % +▁+█+/);
    expect(screen.join('\n')).toMatch(/targets {2}1 Active/);
    view.close();
  });

  it('keeps what lasts above the block: judgements, warnings, aborts', async () => {
    const { view, text, wake } = openView();
    const names = { namespace: 'shop', experiment: 'e', target: 't', stream: 's', message: 'look here' };
    for (const record of sampleJournal({ names, duringMs: 2000 })) view.onRecord(record);
    await wake(timeOf(sampleJournal()[0]));
    view.close();
    const screen = screenOf(text());
    const title = screen.findIndex((row) => row.startsWith('squall '));
    expect(screen.slice(0, title).filter((row) => row.includes('held'))).toHaveLength(6);
    expect(screen.slice(0, title).some((row) => row.includes('warning look here'))).toBe(true);
    expect(screen.slice(title).some((row) => row.includes('dose  200.3 ms measured, 200 ms asked'))).toBe(true);
  });

  it('never writes beyond the last column, whatever the names are', () => {
    const unit = fc.constantFrom('a', '-', '宽', '🌩', '\u0301', '\u001B[2J', '\n', '\t', '\u202E', 'ﷺ', '👩‍👩‍👧', '1️⃣');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), fc.integer({ min: -1, max: 160 }), (name, columns) => {
        const { view, text } = openView({ columns: () => columns });
        const names = { namespace: name, experiment: name, target: name, stream: name, message: name };
        for (const record of sampleJournal({ names, duringMs: 1000, beforeMs: 1000, afterMs: 1000 })) view.onRecord(record);
        view.close();
        const most = columns > 1 ? columns - 1 : 79;
        for (const row of screenOf(text())) {
          expect(textWidth(row)).toBeLessThanOrEqual(most);
          expect(stripVTControlCharacters(row)).toBe(row);
        }
      }),
    );
  });

  it('writes colours when asked, and none otherwise', () => {
    for (const color of [true, false]) {
      const { view, text } = openView({ color });
      for (const record of sampleJournal({ duringMs: 1000 })) view.onRecord(record);
      view.close();
      expect(text().includes('\u001B[32m')).toBe(color);
    }
  });
});

describe('the live view elsewhere', () => {
  it('prints one plain line for each event and none for samples', () => {
    const { view, written } = openView({ isTty: false });
    const records = sampleJournal({ duringMs: 2000 });
    for (const record of records) view.onRecord(record);
    expect(written).toHaveLength(records.filter(({ type }) => type !== 'samples').length);
    expect(written.join('')).toContain('target shop/payments Active');
    expect(written.join('')).toMatch(/✓ checkout-reaches-payments during: held {2}loss 0 %, RTT p95 20\d(?:\.\d)? ms/);
    expect(written.every((line) => line.endsWith('\n') && !line.includes('\u001B'))).toBe(true);
    view.close();
  });

  it('says every five seconds how things stand, while a phase lasts', async () => {
    const { view, written, asked, wake } = openView({ isTty: false });
    await wake(0);
    expect(written).toEqual([]);
    const records = sampleJournal();
    for (const record of records.slice(0, 80)) view.onRecord(record);
    const before = written.length;
    await wake(timeOf(records[79]));
    expect(written.slice(before)).toHaveLength(1);
    expect(written.at(-1)).toMatch(/during, 0:\d\d left {2}checkout-reaches-payments rtt 200\.\d ms p95 200\.\d ms loss 0 %;/);
    expect(new Set(asked)).toEqual(new Set([5000]));
    view.close();
  });
});

describe('the live view when its stream breaks', () => {
  it.each([
    ['a write throws', true],
    ['the stream reports an error', false],
  ])('goes quiet and does not throw when %s', (_how, throws) => {
    let writes = 0;
    const listeners: ((error: Error) => void)[] = [];
    const stream: LiveViewOptions['stream'] = {
      write: () => {
        writes += 1;
        if (throws) throw new Error('EPIPE');
      },
      on: (_event, listener) => listeners.push(listener),
      off: () => undefined,
    };
    const { view } = openView({ stream, isTty: false });
    const records = sampleJournal({ duringMs: 1000 });
    for (const record of records) {
      view.onRecord(record);
      if (!throws) listeners[0]?.(new Error('EPIPE'));
    }
    view.close();
    expect(writes).toBe(1);
  });

  it('takes its listener away when it is closed', () => {
    const { view, listeners } = openView();
    expect(listeners).toHaveLength(1);
    view.close();
    expect(listeners).toHaveLength(0);
  });
});
