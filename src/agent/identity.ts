/** As whom an agent works: both become part of names, in the store and in the kernel. */
import { join } from 'node:path';
import { SquallError } from '../lib/index.ts';
import { agentLeasePrefix } from './heartbeat.ts';

/** Of a name that is part of the name of a Lease. */
const longestNode = 253 - agentLeasePrefix.length;

export function isInstance(text: string): boolean {
  return /^[0-9a-f]{8}$/.test(text);
}

/** Where the agent of a cluster's node remembers its instance. */
export function clusterInstanceFile(stateFolder: string): string {
  return join(stateFolder, 'cluster-instance');
}

/** @throws SquallError InvalidInput */
export function checkInstance(instance: string): void {
  if (!isInstance(instance)) {
    throw new SquallError('InvalidInput', `--instance is '${instance}'; expected 8 hexadecimal characters`);
  }
}

/** @throws SquallError InvalidInput */
export function checkNode(node: string): void {
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(node)) {
    throw new SquallError('InvalidInput', `--node is '${node}'; expected a Kubernetes object name`);
  }
  if (node.length <= longestNode) return;
  throw new SquallError(
    'InvalidInput',
    `--node is '${node}', of ${node.length} characters; expected at most ${longestNode}: the Lease ${agentLeasePrefix}NODE has its name; register the node with a shorter one`,
  );
}
