/** Whether something grows: a straight line through samples by least squares, and how sure its slope is. Pure. */

export type Slope = {
  samples: number;
  /** Of the line, in units of y for one unit of x. */
  slope: number;
  /**
   * Half of the 95 % interval of the slope. What follows a sample closely says little that is new: as many of them count as there are
   * independent ones, n (1 − r) / (1 + r) with r the correlation of each residual with the next (Santer et al. 2000, J. Geophys. Res. 105).
   */
  margin: number;
  first: number;
  last: number;
  most: number;
};

/** Undefined for fewer than three samples, or when all were taken at once: they have no slope with a confidence. */
export function slopeOf(points: readonly { x: number; y: number }[]): Slope | undefined {
  const count = points.length;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || count < 3) return undefined;
  const meanX = sum(points.map(({ x }) => x)) / count;
  const meanY = sum(points.map(({ y }) => y)) / count;
  const spread = sum(points.map(({ x }) => (x - meanX) ** 2));
  if (spread === 0) return undefined;
  const slope = sum(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread;
  const residuals = points.map(({ x, y }) => y - meanY - slope * (x - meanX));
  const squares = sum(residuals.map((residual) => residual ** 2));
  const margin = 1.96 * Math.sqrt(squares / (independentOf(residuals, squares) - 2) / spread);
  return { samples: count, slope, margin, first: first.y, last: last.y, most: Math.max(...points.map(({ y }) => y)) };
}

/** At least 3, without which there is no interval; samples that alternate count as no more than they are. */
function independentOf(residuals: readonly number[], squares: number): number {
  const count = residuals.length;
  if (squares === 0) return count;
  const products = sum(residuals.slice(1).map((residual, index) => residual * (residuals[index] ?? 0)));
  const correlation = Math.max(0, products / squares);
  return Math.max(3, (count * (1 - correlation)) / (1 + correlation));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
