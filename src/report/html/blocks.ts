import { plural, shorten } from '../text.ts';
import { markup, type Markup } from './markup.ts';

/** What a table cell may hold. */
export type Cell = string | number | Markup;

/** A page stays readable and small: what is beyond stands in report.json. */
const mostRows = 200;
const mostCellCharacters = 500;

/**
 * A table with a caption, scrolling by itself on a narrow page. The first cell of a row names the row.
 * @param numeric the indexes of the columns that hold figures
 */
export function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  numeric: readonly number[] = [],
): Markup {
  const kind = (index: number): Markup | undefined => (numeric.includes(index) ? markup` class="figure"` : undefined);
  const bounded = (cell: Cell): Cell => (typeof cell === 'string' ? shorten(cell, mostCellCharacters) : cell);
  const cells = (row: readonly Cell[]): Markup[] =>
    row.map((cell, index) =>
      index === 0
        ? markup`<th scope="row" ${kind(index)}>${bounded(cell)}</th>`
        : markup`<td${kind(index)}>${bounded(cell)}</td>`,
    );
  return markup`<div class="scroll">
    <table>
      <caption>
        ${caption}${rows.length > mostRows ? `: the first ${plural(mostRows, 'row')} of ${plural(rows.length, 'row')}; all are in report.json` : ''}
      </caption>
      <thead>
        <tr>
          ${heads.map((head, index) => markup`<th scope="col" ${kind(index)}>${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, mostRows).map(
          (row) =>
            markup`<tr>
              ${cells(row)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const chips = {
  held: { tone: 'good', sign: '✓', word: 'held' },
  violated: { tone: 'bad', sign: '✗', word: 'violated' },
  undecided: { tone: 'doubt', sign: '?', word: 'undecided' },
  yes: { tone: 'good', sign: '✓', word: 'yes' },
  no: { tone: 'bad', sign: '✗', word: 'no' },
} as const;

/** A result by sign, word and colour, so that no one of them has to be seen. */
export function chip(kind: keyof typeof chips, word: string = chips[kind].word): Markup {
  const { tone, sign } = chips[kind];
  return markup`<span class="chip ${tone}"><span aria-hidden="true">${sign}</span> ${word}</span>`;
}

/** A list of terms and what they are. */
export function facts(entries: readonly (readonly [string, Cell])[]): Markup {
  return markup`<dl class="facts">
    ${entries.map(
      ([term, value]) =>
        markup`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** A section with its heading; `note` says in a sentence what is shown. */
export function section(id: string, heading: string, note: string, body: Markup): Markup {
  return markup`<section aria-labelledby="${id}">
    <h2 id="${id}">${heading}</h2>
    ${note === '' ? undefined : markup`<p class="note">${note}</p>`}${body}
  </section>`;
}

export function folded(summary: string, body: Markup, open = false): Markup {
  return open
    ? markup`<details open>
        <summary>${summary}</summary>
        ${body}
      </details>`
    : markup`<details>
        <summary>${summary}</summary>
        ${body}
      </details>`;
}
