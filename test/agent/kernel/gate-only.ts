import { createLedger, type LedgerEntry, readBootId } from '../../../src/agent/kernel/ledger.ts';
import { planWorks } from '../../../src/agent/kernel/preparation.ts';
import { createPrograms, wholeObservation } from '../../../src/agent/kernel/programs.ts';
import type { Namespace } from '../../../src/agent/kernel-driver.ts';
import { createLimiter } from '../../../src/agent/limiter.ts';
import type { PodNamespaces } from '../../../src/agent/index.ts';
import type { FaultWork } from '../../../src/api/index.ts';
import { renderGate } from '../../../src/faults/index.ts';

export type GateOnlyFacts = { instance: string; stateFolder: string; namespace: Namespace; namespaces?: PodNamespaces };

/** What `prepare` leaves, but for the tree, which needs netem. */
export async function gateOnly(facts: GateOnlyFacts, ...works: FaultWork[]): Promise<LedgerEntry> {
  const { namespace, instance, stateFolder, namespaces } = facts;
  const programs = createPrograms(createLimiter(2), namespaces);
  const bootId = await readBootId();
  const observation = await programs.read(namespace, wholeObservation);
  const whole = planWorks({
    instance,
    namespace,
    works,
    links: observation.links,
    gatePriority: 300,
    deviceGatePriority: 300,
    before: undefined,
  });
  const plan = { ...whole, trees: [] };
  const entry: LedgerEntry = { version: 1, instance, bootId, namespace, snapshot: observation, works, plan, carried: {} };
  await createLedger(stateFolder, instance, bootId).write(entry);
  await programs.changeGate(namespace, renderGate(plan.gate));
  return entry;
}
