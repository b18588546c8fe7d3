/**
 * Columns that text takes on a terminal: 2 for wide East Asian characters and emoji, 0 for marks that join the character before
 * (Unicode TR 11 and TR 51, by ranges that are too wide rather than too narrow).
 */
const invisible = /^[\p{Mark}\p{Format}\p{Control}]$/u;
const emoji = /^\p{Emoji_Presentation}$/u;

const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1f000, 0x1faff],
  [0x20000, 0x3fffd],
];

export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** As much of the text as fits; a cut text ends in an ellipsis. */
export function fitText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  if (columns <= 0) return '';
  let fitted = '';
  let width = 1;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    fitted += character;
  }
  return `${fitted}…`;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  // A variation selector 16 turns the character before into an emoji, which is one column wider.
  if (code === 0xfe0f) return 1;
  if (code < 0x300 && code >= 0x20 && code !== 0xad) return 1;
  if (invisible.test(character)) return 0;
  if (emoji.test(character) || wideRanges.some(([from, to]) => code >= from && code <= to)) return 2;
  return 1;
}
