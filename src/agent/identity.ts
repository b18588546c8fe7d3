/** As whom an agent works: both become part of names, in the store and in the kernel. */
import { SquallError } from '../lib/index.ts';

/** @throws SquallError InvalidInput */
export function checkInstance(instance: string): void {
  if (!/^[0-9a-f]{8}$/.test(instance)) {
    throw new SquallError('InvalidInput', `--instance is '${instance}'; expected 8 hexadecimal characters`);
  }
}

/** @throws SquallError InvalidInput */
export function checkNode(node: string): void {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(node)) {
    throw new SquallError('InvalidInput', `--node is '${node}'; expected a Kubernetes object name`);
  }
}
