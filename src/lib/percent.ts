const percentPattern = /^(\d+(?:\.\d+)?)%$/;

/** 0 to 100 from `10%` or `0.5%`; undefined when the text has no percent sign, is negative or lies above 100. */
export function parsePercent(text: string): number | undefined {
  const match = percentPattern.exec(text);
  if (!match) return undefined;
  const percent = Number(match[1]);
  return percent <= 100 ? percent : undefined;
}
