import { coreKinds, type Problem, systemNamespace } from '../../api/index.ts';
import { codeOf } from '../../lib/index.ts';
import type { AnyObject, Resource, Store } from '../../store/index.ts';

type FolderReport = AnyObject & { data: { folder: string; problems: string; count: string } };

const configMaps: Resource<FolderReport> = coreKinds.ConfigMap;
const key = { namespace: systemNamespace, name: 'squall-folder' };

/** Beyond so many, problems are counted and not listed. */
const mostProblems = 100;

/** Keeps what is wrong with the folder where every command can read it: `data.problems` of a ConfigMap, as JSON. */
export async function storeFolderReport(store: Store, folder: string, problems: readonly Problem[]): Promise<void> {
  const data = {
    folder,
    problems: JSON.stringify(problems.slice(0, mostProblems)),
    count: String(problems.length),
  };
  const object: FolderReport = { apiVersion: configMaps.apiVersion, kind: configMaps.kind, metadata: key, data };
  try {
    const current = await store.get(configMaps, key);
    await store.update(configMaps, { ...current, data });
  } catch (error) {
    if (codeOf(error) !== 'NotFound') throw error;
    await store.create(configMaps, object);
  }
}

/** What serve has said about its folder; undefined when it follows none. */
export async function readFolderReport(
  store: Store,
): Promise<{ folder: string; count: number; problems: Problem[] } | undefined> {
  try {
    const { data } = await store.get(configMaps, key);
    return { folder: data.folder, count: Number(data.count), problems: JSON.parse(data.problems) as Problem[] };
  } catch (error) {
    if (codeOf(error) !== 'NotFound') throw error;
    return undefined;
  }
}
