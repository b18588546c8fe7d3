/**
 * The port between the agent and its knowledge of which files say how names are resolved in a pod's network namespace. As with
 * namespaces there are two ways to know, and an agent is told which.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { HostNameFiles } from '../../probes/index.ts';
import type { Namespace } from '../kernel-driver.ts';

/**
 * Calls `use` with the files; what they name is open for the time of the call only, and a promise that it returns is not waited for.
 * Rejects with NotFound when there is no process of the pod in the namespace.
 */
export type WithNameFiles = <T>(namespace: Namespace, use: (files: HostNameFiles) => T) => Promise<T>;

/** The lab's way, that of ip-netns(8): /etc/netns/NAME has what a namespace has instead of the machine's files. */
export function namedNameFiles(folder = '/etc'): WithNameFiles {
  return (namespace, use) => {
    const fileOf = (file: string): string => {
      const own = join(folder, 'netns', basename(namespace.path), file);
      return existsSync(own) ? own : join(folder, file);
    };
    return Promise.resolve(use({ resolvConf: fileOf('resolv.conf'), hosts: fileOf('hosts') }));
  };
}
