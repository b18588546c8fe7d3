import pc from 'picocolors';
import { cleanLine } from '../text.ts';
import { fitText, textWidth } from './text-width.ts';

export type Style = 'plain' | 'bold' | 'quiet' | 'good' | 'bad' | 'doubt' | 'accent';

/** A piece of one line and how it looks. Lines are spans until the last moment, so that colours never count as columns. */
export type Span = { text: string; style: Style };
export type Line = Span[];

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

/** The line without what would leave it: control characters, line ends, and what is beyond the last column. */
export function fitLine(line: Line, columns: number): Line {
  const fitted: Line = [];
  let left = columns;
  for (const { text, style } of line) {
    const clean = keepBlanks(text);
    const part = fitText(clean, left);
    fitted.push({ text: part, style });
    left -= textWidth(part);
    if (part !== clean) break;
  }
  return fitted;
}

/** A line as text for a terminal, in colour or not. */
export function paint(line: Line, color: boolean): string {
  const colors = pc.createColors(color);
  const painters: Record<Style, (text: string) => string> = {
    plain: (text) => text,
    bold: colors.bold,
    quiet: colors.dim,
    good: colors.green,
    bad: colors.red,
    doubt: colors.yellow,
    accent: colors.cyan,
  };
  return line.map(({ text, style }) => (text === '' ? '' : painters[style](text))).join('');
}

/** Text of a given width: cut or filled with blanks. */
export function column(text: string, columns: number): string {
  const fitted = fitText(cleanLine(text), columns);
  return fitted + ' '.repeat(Math.max(0, columns - textWidth(fitted)));
}

/** Blanks at the ends separate spans, so only what is between them is cleaned. */
function keepBlanks(text: string): string {
  const start = /^ */.exec(text)?.[0] ?? '';
  const end = text.trim() === '' ? '' : (/ *$/.exec(text)?.[0] ?? '');
  const inner = text.slice(start.length, text.length - end.length);
  return (
    start +
    inner
      .split(/( +)/)
      .map((part) => (part.startsWith(' ') ? part : cleanLine(part)))
      .join('') +
    end
  );
}
