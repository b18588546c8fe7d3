/** Whether something grows: a straight line through samples by least squares, and how sure its slope is. Pure. */

export type Slope = {
  samples: number;
  /** Of the line, in units of y for one unit of x. */
  slope: number;
  /** Half of the 95 % interval of the slope, taking the residuals as independent. */
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
  const squares = sum(points.map(({ x, y }) => (y - meanY - slope * (x - meanX)) ** 2));
  const margin = 1.96 * Math.sqrt(squares / (count - 2) / spread);
  return { samples: count, slope, margin, first: first.y, last: last.y, most: Math.max(...points.map(({ y }) => y)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
