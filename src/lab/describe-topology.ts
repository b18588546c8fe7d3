import { describeLab } from './describe.ts';
import type { Lab } from './kubernetes.ts';
import { planLab } from './plan.ts';
import { containerKey, switchDaemons, switchKey } from './record.ts';
import type { Topology } from './topology/read.ts';

/**
 * The lab as it would be once it is up and ready, with the addresses that it would have; its uids are stand-ins. Makes nothing.
 * @param now milliseconds since 1970
 */
export function describeTopology(topology: Topology, now: number): Lab {
  let uids = 0;
  const newUid = () => `planned-${String((uids += 1))}`;
  const plan = planLab(topology, { instance: 'planned', now, newUid, baseEnvironment: {} });
  const containers = plan.pods.flatMap(({ uid, containers: all }) => all.map(({ name }) => containerKey(uid, name)));
  const all = [...containers, ...switchDaemons.map(switchKey)];
  return describeLab(plan, Object.fromEntries(all.map((key) => [key, { state: 'running', ready: true }])));
}
