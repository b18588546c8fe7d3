/** ConfigMaps in the system namespace by which a process on this machine tells commands what only it knows. */
import { coreKinds, systemNamespace } from '../api/index.ts';
import { codeOf } from '../lib/index.ts';
import type { AnyObject, Resource, Store } from '../store/index.ts';

type Data = Record<string, string>;
type ConfigMap = AnyObject & { data: Data };

const configMaps: Resource<ConfigMap> = coreKinds.ConfigMap;

/** Creates it, or replaces all that it says. */
export async function putConfigMap(store: Store, name: string, data: Data): Promise<void> {
  const key = { namespace: systemNamespace, name };
  try {
    const current = await store.get(configMaps, key);
    await store.update(configMaps, { ...current, data });
  } catch (error) {
    if (codeOf(error) !== 'NotFound') throw error;
    await store.create(configMaps, { apiVersion: configMaps.apiVersion, kind: configMaps.kind, metadata: key, data });
  }
}

/** Undefined where there is none. */
export async function readConfigMap(store: Store, name: string): Promise<Partial<Data> | undefined> {
  try {
    return (await store.get(configMaps, { namespace: systemNamespace, name })).data;
  } catch (error) {
    if (codeOf(error) !== 'NotFound') throw error;
    return undefined;
  }
}
