/** Puts sampled packets into the flows of a definition, and decides of packets that look the same only once. */
import type { CurrentPacket } from './current-packet.ts';
import type { FlowDefinition } from './definition.ts';
import { createRecall } from './recall.ts';
import type { FlowEntry, FlowTable } from './table.ts';

export type FlowIntake = {
  /**
   * Of the current packet. `number` and `name` of its source mean the same.
   * @returns false where the packet would add more than any can
   */
  take: (source: { number: number; name: string }, samplingRate: number) => boolean;
  /** When a filter of the definition decides otherwise from now on. */
  forget: () => void;
  /** @param decisions of one generation of the recall from now on */
  limit: (decisions: number) => void;
};

export type IntakeLimits = {
  /** Decisions of one generation of the recall. */
  decisions: number;
  /** What a packet can add to a value at most, such as its bytes. */
  packetValue: number;
};

export function createFlowIntake(
  definition: FlowDefinition,
  table: FlowTable,
  packet: CurrentPacket,
  limits: IntakeLimits,
): FlowIntake {
  const numbersOf = packet.numbersOf(definition.names);
  const numbers = new Int32Array(1 + numbersOf.most);
  const recall = createRecall<FlowEntry | 'none'>(limits.decisions);
  const { fields } = packet;

  return {
    take: (source, samplingRate) => {
      numbers[0] = source.number;
      const length = numbersOf.write(numbers, 1);
      const known = recall.find(numbers, length);
      if (known === 'none') return true;
      const value = definition.value(fields);
      if (value === undefined) return true;
      if (value > limits.packetValue) return false;
      if (known !== undefined && !known.isEvicted) {
        table.addTo(known, value, samplingRate);
        return true;
      }
      const flow = definition.flowOf(fields);
      const entry = flow === undefined ? 'none' : table.add({ source: source.name, flow, value, samplingRate });
      recall.keep(numbers, length, entry);
      return true;
    },
    forget: recall.clear,
    limit: recall.limit,
  };
}
