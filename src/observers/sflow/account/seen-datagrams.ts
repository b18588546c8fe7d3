/** Which of the last numbers of an agent's datagrams have come, so that one that comes twice is told from one that comes late. In two words of 32 bits. */
import { mostLate } from './sequence.ts';

/** Bit `n` of `near` is of the number `n + 1` behind the newest, bit `n` of `far` of the one 32 before that. The newest itself has come. */
export type SeenDatagrams = { near: number; far: number };

export const nothingSeen = (): SeenDatagrams => ({ near: 0, far: 0 });

export function clearSeen(seen: SeenDatagrams): void {
  seen.near = seen.far = 0;
}

/** The newest number is now `by` further, at least 1; the one before it has come if `hasOne`. */
export function advanceSeen(seen: SeenDatagrams, by: number, hasOne: boolean): void {
  if (by >= mostLate.datagrams) clearSeen(seen);
  else if (by >= 32) {
    seen.far = seen.near << (by - 32);
    seen.near = 0;
  } else {
    seen.far = (seen.far << by) | (seen.near >>> (32 - by));
    seen.near <<= by;
  }
  if (hasOne) addSeen(seen, by);
}

/** @param behind the newest; more than 64 are not remembered */
export function addSeen(seen: SeenDatagrams, behind: number): void {
  if (behind > mostLate.datagrams) return;
  if (behind > 32) seen.far |= 1 << (behind - 33);
  else seen.near |= 1 << (behind - 1);
}

/** @param behind the newest, 0 to 64 */
export function wasSeen({ near, far }: SeenDatagrams, behind: number): boolean {
  if (behind === 0) return true;
  return ((behind > 32 ? far >>> (behind - 33) : near >>> (behind - 1)) & 1) === 1;
}
