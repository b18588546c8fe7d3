import { apiVersion, type KubeObject, type MonitorStatus, readSpec } from '../../api/index.ts';
import { codeOf } from '../../lib/index.ts';
import type { Resource, Store } from '../../store/index.ts';
import type { ObservedMonitor } from './share.ts';

const networkMonitors: Resource<KubeObject<unknown, MonitorStatus>> = {
  apiVersion,
  kind: 'NetworkMonitor',
  plural: 'networkmonitors',
  namespaced: true,
};

/** The monitors of a namespace, but for those whose specs are not good: nobody observes them. */
export async function readMonitors(store: Store, namespace: string): Promise<ObservedMonitor[]> {
  const { items } = await store.list(networkMonitors, { namespace });
  return items.flatMap(({ metadata: { name }, spec, status }) => {
    try {
      const monitor = readSpec('NetworkMonitor', spec, namespace);
      return { namespace, name, monitor, ...(status === undefined ? {} : { status }) };
    } catch (error) {
      if (codeOf(error) !== 'InvalidInput') throw error;
      return [];
    }
  });
}
