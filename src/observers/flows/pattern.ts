/** The patterns of `~`: regular expressions of the whole value. */
import { SquallError } from '../../lib/index.ts';

/** A value of a packet is compared thousands of times a second; with more the time for one could get out of hand. */
const mostRepetitions = 2;

/** There are no groups: brackets belong to the filter. */
export function parsePattern(text: string): RegExp {
  const repetitions = text.match(/[*+{]/g)?.length ?? 0;
  if (repetitions > mostRepetitions) {
    throw new SquallError('InvalidInput', `pattern '${text}': expected at most ${String(mostRepetitions)} of '*', '+' and '{'`);
  }
  try {
    return new RegExp(`^(?:${text})$`, 'u');
  } catch (cause) {
    throw new SquallError('InvalidInput', `pattern '${text}': expected a regular expression, such as 10\\.0\\..*`, { cause });
  }
}
