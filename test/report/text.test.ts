import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText, formatMs, formatPercent, formatSpan, formatStopwatch } from '../../src/report/text.ts';
import { fitText, textWidth } from '../../src/report/terminal/text-width.ts';

describe('numbers for people', () => {
  it.each([
    [0.0523, '0.052 ms'],
    [8.2149, '8.21 ms'],
    [200, '200 ms'],
    [200.36, '200.4 ms'],
    [12345.6, '12,346 ms'],
  ])('%d milliseconds are %s', (value, text) => {
    expect(formatMs(value)).toBe(text);
  });

  it.each([
    [0, '0 %'],
    [0.254, '0.25 %'],
    [12.54, '12.5 %'],
    [100, '100 %'],
  ])('%d percent are %s', (value, text) => {
    expect(formatPercent(value)).toBe(text);
  });

  it.each([
    [12.4, '12 ms', '0:00'],
    [1250, '1.25 s', '0:01'],
    [42_000, '42.0 s', '0:42'],
    [185_000, '3 min 05 s', '3:05'],
    [7_830_000, '2 h 10 min', '2:10:30'],
  ])('%d milliseconds last %s and read %s', (value, span, stopwatch) => {
    expect(formatSpan(value)).toBe(span);
    expect(formatStopwatch(value)).toBe(stopwatch);
  });
});

/** Any code points, halves of surrogate pairs among them. */
const anyText = fc
  .array(
    fc.oneof(fc.integer({ min: 0, max: 0x10ffff }), fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0xd7ff, max: 0xe000 })),
  )
  .map((codes) => String.fromCodePoint(...codes));

describe('cleanText', () => {
  it('leaves nothing that a terminal, XML or a reader could be led astray by', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const clean = cleanText(text);
        expect(clean).not.toMatch(/[^\P{Control}\t\n]/u);
        expect(clean).not.toMatch(/[\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/);
        expect(clean.isWellFormed()).toBe(true);
        expect(cleanText(clean)).toBe(clean);
      }),
    );
  });

  it.each(['payments-7f9c', 'Überlast 🌩 过载', 'a\tb\nc'])('keeps %j', (text) => {
    expect(cleanText(text)).toBe(text);
  });
});

describe('fitText', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 4, 'abc…'],
    ['过载过载', 5, '过载…'],
    ['过载过载', 4, '过…'],
    ['abc', 0, ''],
    ['e\u0301e\u0301', 2, 'e\u0301e\u0301'],
  ])('%j in %d columns is %j', (text, columns, fitted) => {
    expect(fitText(text, columns)).toBe(fitted);
  });

  it('never is wider than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, columns) => {
        expect(textWidth(fitText(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
