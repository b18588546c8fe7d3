import type { Logger } from 'pino';
import { codeOf } from '../../lib/index.ts';
import { labStatus, type LabPlace, labUp, type Topology } from '../../lab/index.ts';
import type { Store } from '../../store/index.ts';
import { type LabObjects, putLab } from './lab-objects.ts';
import { localNode } from './machine.ts';

/** Validators look at it, lab or not. */
const ownNode = { apiVersion: 'v1', kind: 'Node', metadata: { name: localNode }, spec: {} };
const noLab: LabObjects = { nodes: [ownNode], namespaces: [], pods: [], services: [], budgets: [], endpointSlices: [] };

export type OpenLabOptions = { store: Store; place: LabPlace; topology: Topology | undefined; log: Logger; signal: AbortSignal };

/**
 * Brings the topology up, or adopts the lab that `squall lab up` has brought up in this state folder, and puts it into the store.
 * False when the signal ended it before it was up.
 */
export async function openLab({ store, place, topology, log, signal }: OpenLabOptions): Promise<boolean> {
  if (topology) {
    const lab = await labUp({ ...place, topology, signal }).catch(unlessStopped(signal));
    if (lab === undefined) return false;
    await putLab(store, lab);
    return true;
  }
  const lab = await labStatus(place);
  if (lab) log.info({ pods: lab.pods.length }, 'the lab that is up in this state folder is used');
  await putLab(store, lab ?? noLab);
  return true;
}

/** A lab that was stopped on purpose is no failure; everything else is. */
function unlessStopped(signal: AbortSignal): (error: unknown) => undefined {
  return (error) => {
    if (!signal.aborted || codeOf(error) !== 'LabFailed') throw error;
  };
}
