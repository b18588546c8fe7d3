/** Units that only manifests use; durations and percentages of both are in lib. */

const bitsPerUnit = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, tbit: 1e12 } as const;
export const ratePattern = /^(\d+(?:\.\d+)?)(bit|kbit|mbit|gbit|tbit)$/;

/** Bits per second of tc's decimal notation such as `10mbit`; undefined when the text is none. A unit is required. */
export function parseRate(text: string): number | undefined {
  const match = ratePattern.exec(text);
  if (!match) return undefined;
  return Number((Number(match[1]) * bitsPerUnit[match[2] as keyof typeof bitsPerUnit]).toFixed(3));
}

/** Bits per second of a text that the pattern matches, in CEL. */
export function rateInCel(value: string, moreUnits: Record<string, number> = {}): string {
  const units = Object.entries({ ...bitsPerUnit, ...moreUnits }).map(([unit, bits]) => `'${unit}': ${bits}.0`);
  return `double(${value}.find('^[0-9.]+')) * {${units.join(', ')}}[${value}.find('[a-z]+$')]`;
}

/** The number of a percentage with its sign, in CEL. */
export function percentInCel(value: string): string {
  return `double(${value}.replace('%', ''))`;
}

const signedPercentPattern = /^(-?\d+(?:\.\d+)?)%$/;

/** Any percentage, also negative or above 100, as a change against a baseline may be; undefined without a percent sign. */
export function parseSignedPercent(text: string): number | undefined {
  const match = signedPercentPattern.exec(text);
  return match ? Number(match[1]) : undefined;
}
