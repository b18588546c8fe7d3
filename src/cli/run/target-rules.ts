import type { TargetRules } from '../../control/index.ts';
import type { Store } from '../../store/index.ts';
import { putConfigMap, readConfigMap } from '../config-maps.ts';

const mapName = 'squall-targets';

/** Keeps what a process on this machine was told of targets where previews read it: `data.targets` of a ConfigMap, as JSON. */
export async function storeTargetRules(store: Store, rules: TargetRules): Promise<void> {
  await putConfigMap(store, mapName, { targets: JSON.stringify(rules) });
}

/** A process of an earlier version says nothing, and asks nothing of targets. */
export async function readStoredTargetRules(store: Store): Promise<TargetRules> {
  return JSON.parse((await readConfigMap(store, mapName))?.targets ?? '{}') as TargetRules;
}
