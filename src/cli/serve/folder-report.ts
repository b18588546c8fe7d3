import type { Problem } from '../../api/index.ts';
import type { Store } from '../../store/index.ts';
import { putConfigMap, readConfigMap } from '../config-maps.ts';

const mapName = 'squall-folder';

/** Beyond so many, problems are counted and not listed. */
const mostProblems = 100;

/** Keeps what is wrong with the folder where every command can read it: `data.problems` of a ConfigMap, as JSON. */
export async function storeFolderReport(store: Store, folder: string, problems: readonly Problem[]): Promise<void> {
  await putConfigMap(store, mapName, {
    folder,
    problems: JSON.stringify(problems.slice(0, mostProblems)),
    count: String(problems.length),
  });
}

/** What serve has said about its folder; undefined when it follows none. */
export async function readFolderReport(
  store: Store,
): Promise<{ folder: string; count: number; problems: Problem[] } | undefined> {
  const { folder = '', count = '0', problems = '[]' } = (await readConfigMap(store, mapName)) ?? {};
  return folder === '' ? undefined : { folder, count: Number(count), problems: JSON.parse(problems) as Problem[] };
}
