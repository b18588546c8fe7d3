/** Which of Squall's tables and trees nobody looks after any more. Decides only. */
import type { MachineNamespace } from './namespaces.ts';

/** What of ours, of any instance, is in a namespace. */
export type NamespaceFacts = {
  namespace: MachineNamespace;
  /** That have a table or a device there. */
  instances: string[];
  /** That have a tree as their root; a tree does not say whose it is. */
  devices: string[];
};

export type Leftover = {
  namespace: MachineNamespace;
  /** Whose tables and devices are to go. */
  instances: string[];
  /** Whose trees are to go. */
  devices: string[];
  /** What stays and why, one sentence each. */
  kept: string[];
};

/**
 * What a living agent may own stays: its table, every tree beside that, and every tree without a table, which an agent may just have
 * made and be about to put its table beside. A namespace with nothing of ours gives nothing.
 * @param living instances that have an agent
 */
export function decideLeftovers(facts: readonly NamespaceFacts[], living: ReadonlySet<string>): Leftover[] {
  return facts
    .filter(({ instances, devices }) => instances.length + devices.length > 0)
    .map(({ namespace, instances, devices }) => {
      const alive = instances.filter((instance) => living.has(instance));
      const owners = instances.length === 0 ? [...living] : alive;
      const keepsTrees = owners.length > 0;
      const whose = owners.length === 1 ? `instance ${owners.join('')}` : `one of the instances ${owners.join(', ')}`;
      return {
        namespace,
        instances: instances.filter((instance) => !living.has(instance)),
        devices: keepsTrees ? [] : devices,
        kept: [
          ...alive.map((instance) => `table squall_${instance}: the agent of instance ${instance} is alive`),
          ...(keepsTrees ? devices.map((device) => `tree of ${device}: may belong to ${whose}, whose agent is alive`) : []),
        ],
      };
    });
}
