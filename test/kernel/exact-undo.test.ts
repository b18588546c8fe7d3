import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { afterEach, describe, it } from 'node:test';
import type { Removal } from '../../src/agent/kernel-driver.ts';
import type { FaultWork } from '../../src/api/index.ts';
import type { EgressWay } from '../../src/faults/index.ts';
import {
  addressesOf,
  assertSame,
  createPair,
  delay,
  inside,
  loss,
  type Pair,
  ping,
  snapshot,
  start,
  work,
} from './namespaces.ts';
import { answered, median } from './statistics.ts';
import { undoWhateverHappened } from './undo-whatever-happened.ts';

/** Tables as others leave them in pods: the same hook, later hooks, timed sets, counters. */
const foreignTables = `
table ip mesh {
  chain out {
    type filter hook postrouting priority 300; policy accept;
    ip daddr 10.99.0.9 counter accept
  }
}
table inet firewall {
  set recent {
    type ipv4_addr
    flags timeout
    elements = { 192.0.2.1 timeout 1h }
  }
  chain late {
    type filter hook postrouting priority 400; policy accept;
    meta mark 7 counter drop
  }
}
table netdev edge {
  chain in {
    type filter hook ingress device "eth0" priority 0; policy accept;
  }
}
`;

describe('exact undo', () => {
  let pair: Pair;
  afterEach(async () => {
    await pair.dispose();
  });

  /** @property egress where not the best that the kernel has */
  type Case = {
    name: string;
    queueLength: number;
    prepare: { args: string[]; input?: string }[];
    works: FaultWork[];
    egress?: EgressWay;
  };
  const slow = work('slow', delay(60), [2]);
  const cases: Case[] = [
    { name: 'a plain namespace', queueLength: 1000, prepare: [], works: [slow] },
    { name: 'a plain namespace', queueLength: 1000, prepare: [], works: [slow], egress: 'own-root' },
    { name: 'a device without a queue (txqueuelen 0)', queueLength: 0, prepare: [], works: [slow] },
    { name: 'a device without a queue (txqueuelen 0)', queueLength: 0, prepare: [], works: [slow], egress: 'own-root' },
    {
      name: 'tables of others in the same hook and a clsact qdisc',
      queueLength: 0,
      prepare: [{ args: ['nft', '-f', '-'], input: foreignTables }, { args: ['tc', 'qdisc', 'add', 'dev', 'eth0', 'clsact'] }],
      works: [slow, work('lossy', loss(10), 'all')],
    },
  ];
  for (const { name, queueLength, prepare, works, egress } of cases) {
    it(`leaves ${name} as it was, byte for byte${egress === 'own-root' ? ', where the root was ours' : ''}`, async () => {
      pair = await createPair({ queueLength, egress });
      for (const { args, input } of prepare) await inside(pair.target, args, input);
      const before = await snapshot(pair.target);
      await start(pair, ...works);
      assert.notDeepEqual(await snapshot(pair.target), before);
      const { [addressesOf(2)[0] ?? '']: times = [] } = await ping(pair.target, addressesOf(2), { count: 20, periodMs: 10 });
      assert.ok(median(answered(times)) > 55);
      const removals: Removal[] = [];
      for (const { id } of works) removals.push(await pair.driver.remove(pair.namespace, id));
      assertSame(await snapshot(pair.target), before);
      assert.deepEqual(
        removals,
        works.map(() => ({ residue: 0, changedByOthers: [] })),
      );
      assert.deepEqual(await readdir(`${pair.stateFolder}/ledger`), []);
    });
  }
});

describe('undo whatever happened', () => {
  undoWhateverHappened('own-device');
});
