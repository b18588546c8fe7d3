import { type HostLookupLine, startHostLookup } from '../../probes/index.ts';
import type { Namespace } from '../kernel-driver.ts';
import type { WithNameFiles } from '../namespaces/name-files.ts';
import { type PodNamespaces, withPathOf } from '../namespaces/pod-namespaces.ts';

/**
 * What a target itself would find for each of these names now, within 5 s: a line for each, with its addresses or why it has none. Rejects with
 * NotFound when the pod no longer has the namespace, with Unavailable when nobody could be asked, or the signal fires.
 */
export type HostResolver = (namespace: Namespace, hosts: readonly string[], signal: AbortSignal) => Promise<HostLookupLine[]>;

/** @param program the JavaScript file of the program that looks up */
export function createHostResolver(
  namespaces: Pick<PodNamespaces, 'pathOf'>,
  withNameFiles: WithNameFiles,
  program: string,
): HostResolver {
  return async (namespace, hosts, signal) => {
    const { answers } = await withPathOf(namespaces, namespace, async (found) => {
      return await withNameFiles(namespace, (files) => startHostLookup({ namespace: found, hosts, files, program, signal }));
    });
    return await answers;
  };
}
