import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { operatorLease, operatorRulesOf } from '../../cluster/index.ts';
import {
  activeRunOf,
  experiments,
  leases,
  type PlaceRules,
  readWorld,
  type TargetRules,
  type World,
} from '../../control/index.ts';
import { describeTopology, type Lab, labStatus, readTopology } from '../../lab/index.ts';
import { codeOf, messageOf, SquallError, systemClock } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { instanceId } from '../state.ts';
import { readStoredTargetRules } from '../run/target-rules.ts';
import { asksCluster, type ClusterChoice, openCluster } from './cluster-choice.ts';
import { connectToServe } from './connect.ts';

export type WorldChoice = ClusterChoice & {
  lab?: string;
  state: string;
  /** For a lab, in which nobody controls runs yet. */
  targets: TargetRules;
};

/** The pods, services, nodes and namespaces that a preview is made from. */
export type PreviewPlace = {
  world: World;
  /** Where runs, and what manifests refer to, are looked for; absent: there is only the input. */
  store?: Store;
  /** Of a cluster's context. */
  namespace?: string;
  rules: PlaceRules;
};

/**
 * A topology that is named; else the cluster that is asked for; else the `squall serve` on the state folder, or the lab that is up in it.
 * @throws SquallError Unavailable, with the remedy, when there is none of them
 */
export async function openWorld(choice: WorldChoice): Promise<PreviewPlace> {
  const { lab, state, targets: rules } = choice;
  if (lab !== undefined) return { world: worldOf(describeTopology(await readTopology({ file: lab }), systemClock.now())), rules };
  if (asksCluster(choice)) {
    const { store, namespace } = await openCluster(choice);
    return { ...(await readOrClose(store, rulesOf)), namespace };
  }
  try {
    return await readOrClose(await connectToServe(state), readStoredTargetRules);
  } catch (error) {
    if (codeOf(error) !== 'Unavailable') throw error;
    const stateFolder = resolve(state);
    // Asking for the instance of a new folder would make one.
    const isKnown = existsSync(join(stateFolder, 'instance'));
    const up = isKnown ? await labStatus({ stateFolder, instance: instanceId(stateFolder) }) : undefined;
    if (up) return { world: worldOf(up), rules };
    const remedy = 'name the pods with --lab TOPOLOGY, start one of them, or ask a cluster with --cluster';
    throw new SquallError('Unavailable', `neither a squall serve nor a lab is up in ${stateFolder}; ${remedy}`, { cause: error });
  }
}

/** As the operator has them; who may not see its Lease learns of too short a lease, and of ceilings that are not the default, only from the run. */
async function rulesOf(store: Store): Promise<PlaceRules> {
  const lease = await store.get(leases, operatorLease).catch((error: unknown) => {
    if (!['NotFound', 'PermissionDenied'].includes(codeOf(error))) throw error;
    process.stderr.write(
      `note: how short a lease may be here, and which ceilings there are, is not known: ${messageOf(error)}\n`,
    );
  });
  return operatorRulesOf(lease ?? undefined);
}

async function readOrClose(
  store: Store,
  readRules: (store: Store) => Promise<PlaceRules>,
): Promise<PreviewPlace & { store: Store }> {
  try {
    const [read, activeRuns, rules] = await Promise.all([readWorld(store), readActiveRuns(store), readRules(store)]);
    return { world: { ...read, activeRuns }, store, rules };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Who may not see all runs learns of what others hurt only from the run. */
async function readActiveRuns(store: Store): Promise<World['activeRuns']> {
  const runs = await store.list(experiments).catch((error: unknown) => {
    if (codeOf(error) !== 'PermissionDenied') throw error;
    process.stderr.write(`note: what other runs hurt now is not known, and not counted: ${messageOf(error)}\n`);
  });
  return (runs?.items ?? []).flatMap((run) => activeRunOf(run) ?? []);
}

function worldOf({ pods, services, nodes, namespaces, budgets }: Lab): World {
  // A lab has no API server that its pods know.
  return { pods, services, nodes, namespaces, budgets, apiServer: [], activeRuns: [] };
}
