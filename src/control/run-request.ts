import {
  type Experiment,
  type HypothesisEntry,
  type KubeObject,
  missingPartsOf,
  type ModulesValidator,
  readSpec,
  type Shaper,
} from '../api/index.ts';
import { codeOf, SquallError } from '../lib/index.ts';
import type { ObjectKey, Resource, Store } from '../store/index.ts';
import type { PlannedEntry } from './plan-probes.ts';
import type { RunRequest } from './plan-run.ts';
import {
  connectivityTests,
  disruptionBudgets,
  endpointSlices,
  namespaces,
  nodes,
  pods,
  services,
  shapers,
  validators,
} from './resources.ts';
import type { ExperimentObject } from './run-status.ts';
import {
  apiServerAddresses,
  apiServerService,
  type EndpointSlice,
  keepNamespace,
  keepPod,
  underNodeUids,
  type World,
} from './world.ts';

/** Gives the objects that an experiment refers to; a store, or what a command was given. Rejects with NotFound. */
export type SpecReader = {
  get(resource: Resource<KubeObject>, key: ObjectKey): Promise<Pick<KubeObject, 'spec'>>;
};

/**
 * Reads a run's spec and everything that it refers to. Rejects with InvalidInput or NotFound when a part is not usable.
 * @param withGates false once something was touched: nobody is asked by the gates any more, and they may have been deleted since
 */
export async function readRunRequest(
  store: SpecReader,
  object: ExperimentObject,
  instance: string,
  drawnSeed: string,
  withGates = true,
): Promise<RunRequest> {
  const { uid = '', namespace = 'default', name } = object.metadata;
  const experiment = readSpec('NetworkExperiment', object.spec, namespace);
  expectBuilt({ kind: 'NetworkExperiment', model: experiment });
  const shaper = await readShaper(store, namespace, experiment);
  const entries = await Promise.all(experiment.hypothesis.map((entry) => readEntry(store, namespace, entry)));
  const seed = object.status?.seed ?? experiment.seed ?? drawnSeed;
  const gates = await Promise.all((withGates ? experiment.preflight : []).map(({ ref }) => readValidator(store, ref)));
  return { uid, namespace, name, instance, seed, experiment, ...(shaper ? { shaper } : {}), entries, gates };
}

/** All but the runs that are active, which whoever plans knows best. Rejects where any of it may not be read: of a namespace that is not seen nobody knows whether it is opted out, of a budget what it allows. */
export async function readWorld(store: Store): Promise<Omit<World, 'activeRuns'>> {
  const [allPods, allServices, allNodes, allNamespaces, allBudgets, slice] = await Promise.all([
    store.list(pods, { keep: keepPod }),
    store.list(services),
    store.list(nodes),
    store.list(namespaces, { keep: keepNamespace }),
    store.list(disruptionBudgets),
    readApiServerSlice(store),
  ]);
  return {
    pods: underNodeUids(allPods.items),
    services: allServices.items,
    nodes: allNodes.items,
    namespaces: allNamespaces.items,
    budgets: allBudgets.items,
    apiServer: apiServerAddresses(allServices.items, slice),
  };
}

/** There is none on one machine; and who may not see it plans a preview, and no run. */
async function readApiServerSlice(store: Store): Promise<EndpointSlice | undefined> {
  return await store.get(endpointSlices, apiServerService).catch((error: unknown) => {
    if (!['NotFound', 'PermissionDenied'].includes(codeOf(error))) throw error;
    return undefined;
  });
}

/** @throws SquallError NotImplemented */
function expectBuilt(part: Parameters<typeof missingPartsOf>[0]): void {
  const missing = missingPartsOf(part);
  if (missing.length === 0) return;
  throw new SquallError('NotImplemented', `${part.kind}: ${missing.join('; ')}: valid, but not built yet; remove it`);
}

async function readShaper(store: SpecReader, namespace: string, { fault }: Experiment): Promise<Shaper | undefined> {
  if (fault === undefined) return undefined;
  if ('shaper' in fault) return fault.shaper;
  const object = await store.get(shapers, { namespace, name: fault.ref });
  return readSpec('NetworkTrafficShaper', object.spec, namespace);
}

async function readValidator(store: SpecReader, name: string): Promise<ModulesValidator> {
  const object = await store.get(validators, { name });
  return readSpec('NetworkModulesValidator', object.spec);
}

async function readEntry(store: SpecReader, namespace: string, entry: HypothesisEntry): Promise<PlannedEntry> {
  const { test } = entry;
  if ('connectivity' in test) return { ...entry, connectivity: test.connectivity };
  if (test.kind === 'connectivity' && 'ref' in test) {
    const object = await store.get(connectivityTests, { namespace, name: test.ref });
    const connectivity = readSpec('NetworkConnectivityTest', object.spec, namespace);
    expectBuilt({ kind: 'NetworkConnectivityTest', model: connectivity });
    return { ...entry, connectivity };
  }
  throw new Error(`hypothesis '${entry.name}' of kind '${test.kind}' passed the check for what is built`);
}
