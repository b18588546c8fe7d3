/** A linear map from values to places on a page. */
export type Scale = { from: number; to: number; place: (value: number) => number };

export function linearScale([from, to]: readonly [number, number], [start, end]: readonly [number, number]): Scale {
  const width = to - from || 1;
  return { from, to, place: (value) => start + ((value - from) / width) * (end - start) };
}

/** Round values from 0 to at most `most`: steps of 1, 2 or 5 times a power of ten, at most `count` of them. */
export function ticks(most: number, count: number): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [0];
  const step = roundStep(most / count);
  const last = Math.floor(most / step + 1e-9);
  return Array.from({ length: last + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

const secondSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];

/** The shortest step of whole seconds that people count in, such that at most `count` steps cover the span. */
export function secondStep(spanSeconds: number, count: number): number {
  return secondSteps.find((step) => spanSeconds / step <= count) ?? roundStep(spanSeconds / count);
}

function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= raw * (1 - 1e-9)) ?? 10;
  return factor * power;
}
