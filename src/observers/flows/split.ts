/** Splits sFlow-RT's nested words. */
import { SquallError } from '../../lib/index.ts';

/** At every separator that is outside of brackets: `mask:[or:a:b]:24` at `:` is mask, [or:a:b] and 24. */
export function splitOutsideBrackets(text: string, separator: string): string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '[') depth += 1;
    if (character === ']') depth -= 1;
    if (depth < 0) throw new SquallError('InvalidInput', `'${text}': expected a '[' before each ']'`);
    if (depth === 0 && character === separator) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  if (depth > 0) throw new SquallError('InvalidInput', `'${text}': expected a ']' after each '['`);
  return [...parts, text.slice(start)];
}
