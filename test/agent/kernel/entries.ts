/** Ledger entries and observations as tests need them. */
import type { FaultWork } from '../../../src/api/index.ts';
import type { LedgerEntry } from '../../../src/agent/kernel/ledger.ts';
import { planWorks } from '../../../src/agent/kernel/preparation.ts';
import type { Observation } from '../../../src/agent/kernel/programs.ts';
import type { Namespace } from '../../../src/agent/kernel-driver.ts';

export const instance = '0123abcd';
export const somewhere: Namespace = { podUid: 'pod', path: '/run/netns/squall-pod', inode: 4026531999 };

/** A namespace with lo and a veth, and nothing of anybody. */
export const plain: Observation = {
  qdiscs: ['lo', 'eth0'].map((dev) => ({ kind: 'noqueue', handle: '0:', dev, root: true, options: {} })),
  links: [
    { ifindex: 1, ifname: 'lo', mtu: 65_536, txqlen: 1000 },
    { ifindex: 2, ifname: 'eth0', mtu: 1500 },
  ],
  objects: [],
};

export function entryOf(works: FaultWork[], more: Partial<LedgerEntry> = {}): LedgerEntry {
  const { namespace = somewhere, snapshot = plain } = more;
  const id = more.instance ?? instance;
  const plan = planWorks({
    instance: id,
    namespace,
    driver: 'netem',
    egress: { eth0: 'own-root' },
    works,
    links: snapshot.links,
    gatePriority: 300,
    deviceGatePriority: 300,
    before: undefined,
  });
  return { version: 1, instance: id, bootId: 'this-boot', namespace, snapshot, works, plan, carried: {}, ...more };
}
