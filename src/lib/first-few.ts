/** Of many a few are enough to tell. */
const mostTold = 5;

/** The first of them, and how many more there are. */
export function firstFew(texts: readonly string[], between = ', '): string {
  const untold = texts.length - mostTold;
  return [...texts.slice(0, mostTold), ...(untold > 0 ? [`and ${String(untold)} more`] : [])].join(between);
}
