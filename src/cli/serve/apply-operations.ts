import { apiVersion } from '../../api/index.ts';
import { codeOf, messageOf } from '../../lib/index.ts';
import { keyOf, type Resource, type Store } from '../../store/index.ts';
import {
  type FollowedKind,
  type FollowedObject,
  followedKinds,
  type Operation,
  type StoredFollowed,
} from './decide-operations.ts';

const resources: Record<FollowedKind, Resource<FollowedObject>> = {
  NetworkTrafficShaper: resourceOf('NetworkTrafficShaper', 'networktrafficshapers'),
  NetworkConnectivityTest: resourceOf('NetworkConnectivityTest', 'networkconnectivitytests'),
  NetworkModulesValidator: { ...resourceOf('NetworkModulesValidator', 'networkmodulesvalidators'), namespaced: false },
  NetworkMonitor: resourceOf('NetworkMonitor', 'networkmonitors'),
  NetworkExperimentSchedule: resourceOf('NetworkExperimentSchedule', 'networkexperimentschedules'),
  NetworkExperiment: resourceOf('NetworkExperiment', 'networkexperiments'),
};

function resourceOf(kind: FollowedKind, plural: string): Resource<FollowedObject> {
  return { apiVersion, kind, plural, namespaced: true };
}

/** Every stored object of the kinds that a folder may hold, wherever it came from. */
export async function listFollowed(store: Store): Promise<StoredFollowed[]> {
  const lists = await Promise.all(
    followedKinds.map(async (kind) => {
      const { items } = await store.list(resources[kind]);
      return items.map((item): StoredFollowed => ({ ...item, kind }));
    }),
  );
  return lists.flat();
}

export type Failure = { operation: Operation; message: string };

/** Carries out what was decided, one after the other. What cannot be done is told and does not keep the rest from being done. */
export async function applyOperations(store: Store, operations: readonly Operation[]): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const operation of operations) {
    try {
      await apply(store, operation);
    } catch (error) {
      failures.push({ operation, message: `${codeOf(error)}: ${messageOf(error)}` });
    }
  }
  return failures;
}

async function apply(store: Store, operation: Operation): Promise<void> {
  switch (operation.type) {
    case 'create':
      await store.create(resources[operation.object.kind], operation.object);
      return;
    case 'update': {
      const { stored, object } = operation;
      const metadata = {
        ...stored.metadata,
        labels: object.metadata.labels,
        annotations: { ...stored.metadata.annotations, ...object.metadata.annotations },
      };
      await store.update(resources[stored.kind], { ...stored, metadata, spec: object.spec });
      return;
    }
    case 'replace':
      await remove(store, operation.stored);
      await store.create(resources[operation.object.kind], operation.object);
      return;
    case 'delete':
      await remove(store, operation.stored);
  }
}

/** Only the object that was looked at: one of the same name that was made since stays. */
async function remove(store: Store, stored: StoredFollowed): Promise<void> {
  try {
    await store.delete(resources[stored.kind], keyOf(stored), { uid: stored.metadata.uid });
  } catch (error) {
    if (codeOf(error) !== 'NotFound') throw error;
  }
}
