/** The flows of the targets in one phase, by source. Bounded: whoever forges addresses can only push out flows that were not seen for longer. */

export type TargetFlows = {
  add: (source: string, flow: string, frames: number) => void;
  /** Of one source, largest first. */
  largest: (source: string, most: number) => { flow: string; frames: number }[];
};

export function createTargetFlows(mostFlows: number): TargetFlows {
  /** The one used longest ago first. */
  const entries = new Map<string, { source: string; flow: string; frames: number }>();
  return {
    add: (source, flow, frames) => {
      const id = `${source} ${flow}`;
      const known = entries.get(id);
      entries.delete(id);
      entries.set(id, { source, flow, frames: (known?.frames ?? 0) + frames });
      const [oldest] = entries.keys();
      if (entries.size > mostFlows && oldest !== undefined) entries.delete(oldest);
    },
    largest: (source, most) =>
      [...entries.values()]
        .filter((entry) => entry.source === source)
        .sort((one, other) => other.frames - one.frames || (one.flow < other.flow ? -1 : 1))
        .slice(0, most)
        .map(({ flow, frames }) => ({ flow, frames })),
  };
}
