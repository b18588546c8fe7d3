/** A flow of a subscription with what was sampled of it. */
import type { CurrentPacket } from '../../flows/current-packet.ts';
import { defineFlow } from '../../flows/definition.ts';
import { touchesAddress } from '../../flows/exempt.ts';
import { createFlowIntake, type FlowIntake } from '../../flows/flow-intake.ts';
import { createFlowTable, type FlowTable, type TableChange } from '../../flows/table.ts';
import type { WatchedFlow } from '../../network-observer.ts';
import { decisionsFor, type EngineLimits } from './limits.ts';

export type RunningFlow = {
  flow: WatchedFlow;
  table: FlowTable;
  intake: FlowIntake;
  /** What the datagram changed that came last. */
  changes: readonly TableChange[];
  /** Only of flows without some addresses: leaves out others from now on. */
  exempt?: (addresses: readonly string[]) => void;
};

/** @param exempted addresses whose packets are left out, when there can be any */
export function startFlow(
  flow: WatchedFlow,
  packet: CurrentPacket,
  limits: EngineLimits,
  exempted?: readonly string[],
): RunningFlow {
  let isExempt = touchesAddress(exempted ?? []);
  const definition = defineFlow(flow, exempted === undefined ? undefined : (fields) => isExempt(fields));
  const table = createFlowTable(definition, { smoothingMs: flow.smoothingMs, mostFlows: limits.flows });
  const intake = createFlowIntake(definition, table, packet, {
    decisions: decisionsFor(limits.flows),
    packetValue: limits.frameLength,
  });
  const running = { flow, table, intake, changes: [] };
  if (exempted === undefined) return running;
  return {
    ...running,
    exempt: (addresses) => {
      isExempt = touchesAddress(addresses);
      intake.forget();
    },
  };
}

/** What one packet adds at most, as far as is known: a longest usual frame until there was another. */
export function packetValueOf({ flow, table }: RunningFlow): number {
  if (flow.value === 'frames') return 1;
  return Math.max(usualFrameBytes, table.largestValue());
}

const usualFrameBytes = 1518;
