import { createLedger, type LedgerEntry, readBootId } from '../../../src/agent/kernel/ledger.ts';
import { createPrograms, wholeObservation } from '../../../src/agent/kernel/programs.ts';
import type { Namespace } from '../../../src/agent/kernel-driver.ts';
import { createLimiter } from '../../../src/agent/limiter.ts';
import type { PodNamespaces } from '../../../src/agent/index.ts';
import type { FaultWork } from '../../../src/api/index.ts';
import { renderGate } from '../../../src/faults/index.ts';
import { entryOf } from './entries.ts';

export type GateOnlyFacts = { instance: string; stateFolder: string; namespace: Namespace; namespaces?: PodNamespaces };

/** What `prepare` leaves, but for the tree, which needs netem. */
export async function gateOnly(facts: GateOnlyFacts, ...works: FaultWork[]): Promise<LedgerEntry> {
  const { namespace, instance, stateFolder, namespaces } = facts;
  const programs = createPrograms(createLimiter(2), namespaces);
  const bootId = await readBootId();
  const observation = await programs.read(namespace, wholeObservation);
  const whole = entryOf(works, { instance, bootId, namespace, snapshot: observation });
  const entry: LedgerEntry = { ...whole, plan: { ...whole.plan, trees: [], classes: [] } };
  await createLedger(stateFolder, instance, bootId).write(entry);
  await programs.changeGate(namespace, renderGate(entry.plan.gate));
  return entry;
}
