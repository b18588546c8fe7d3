import { agentResidueAnnotation, nodeLabel, shortNodeName, systemNamespace } from '../api/index.ts';
import { type Clock, codeOf, formatInstant, messageOf } from '../lib/index.ts';
import type { Resource, Store } from '../store/index.ts';
import type { LeaseObject } from './lease.ts';
import type { Log } from './log.ts';
import { isAborted, pause } from './timing.ts';

/** The policies of the chart let an agent write the Lease that is named so and no other. */
export const agentLeasePrefix = 'squall-agent-';

const everyMs = 10_000;
const timeoutMs = 2000;

export type HeartbeatOptions = {
  store: Store;
  leases: Resource<LeaseObject>;
  node: string;
  clock: Clock;
  log: Log;
  /** Things that no task owns and that are still in kernels of this node. */
  residue: () => number;
};

/** Says every 10 seconds that this node's agent is there, in a Lease of its own: `squall-agent-NODE`. Never rejects. */
export async function beat({ store, leases, node, clock, log, residue }: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  const key = { namespace: systemNamespace, name: `${agentLeasePrefix}${node}` };

  async function write(): Promise<void> {
    const metadata = {
      ...key,
      labels: { [nodeLabel]: shortNodeName(node) },
      annotations: { [agentResidueAnnotation]: String(residue()) },
    };
    const spec = { holderIdentity: node, leaseDurationSeconds: 30, renewTime: formatInstant(clock.now()).replace('Z', '000Z') };
    const lease: LeaseObject = { apiVersion: leases.apiVersion, kind: leases.kind, metadata, spec };
    try {
      const current = await store.get(leases, key, { timeoutMs, signal });
      await store.update(leases, { ...current, metadata: { ...current.metadata, ...metadata }, spec }, { timeoutMs, signal });
    } catch (error) {
      if (codeOf(error) !== 'NotFound') throw error;
      await store.create(leases, lease, { timeoutMs, signal });
    }
  }

  while (!isAborted(signal)) {
    try {
      await write();
    } catch (error) {
      if (!isAborted(signal)) log('debug', 'heartbeat not written', { error: messageOf(error) });
    }
    await pause(clock, everyMs, signal);
  }
}
