/** How much of what an observer says a status can hold, and how numbers in it are written. */

/** Of a status: together these keep it far below 256 KiB. */
export const bounds = {
  agents: 32,
  reasons: 32,
  /** Of one flow, and of all flows together. */
  topKeys: 20,
  allTopKeys: 96,
  trafficRuns: 5,
  targetFlows: 10,
  /** In characters: messages and names; keys of a flow, of which two addresses, two ports and a protocol take 100; agents and data sources. */
  text: 256,
  flow: 192,
  source: 64,
} as const;

export function cut(text: string, most: number = bounds.text): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** To thousandths: samples know no more. What is no number, which JSON cannot say, is the nearest that is one. */
export function rounded(value: number): number {
  if (Number.isNaN(value)) return 0;
  const finite = Math.min(Number.MAX_SAFE_INTEGER, Math.max(-Number.MAX_SAFE_INTEGER, value));
  return Math.abs(finite) >= 2 ** 40 ? Math.round(finite) : Math.round(finite * 1000) / 1000;
}

/** A number of things. */
export function counted(value: number): number {
  return Math.max(0, Math.round(rounded(value)));
}
