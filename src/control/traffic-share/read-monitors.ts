import { readSpec } from '../../api/index.ts';
import { codeOf } from '../../lib/index.ts';
import type { Store } from '../../store/index.ts';
import { monitors } from '../resources.ts';
import type { ObservedMonitor } from './share.ts';

/** The monitors of a namespace, but for those whose specs are not good: nobody observes them. */
export async function readMonitors(store: Store, namespace: string): Promise<ObservedMonitor[]> {
  const { items } = await store.list(monitors, { namespace });
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
