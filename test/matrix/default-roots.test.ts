/** Faults on devices whose root the kernel has chosen by itself: after the undo it chooses the same, byte for byte. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { EgressWay } from '../../src/faults/index.ts';
import { assertSame, createPair, delay, inside, type Pair, type Snapshot, snapshot, start, work } from '../kernel/namespaces.ts';

/** What new devices with a queue get; of the whole machine, which is the test's own. */
const defaultQdisc = '/proc/sys/net/core/default_qdisc';

/** A device as network cards are to the kernel: with queues, which a veth does not have. */
const cases = [
  { root: 'pfifo_fast', chosen: 'pfifo_fast', queues: 1, roots: ['pfifo_fast'] },
  { root: 'fq_codel', chosen: 'fq_codel', queues: 1, roots: ['fq_codel'] },
  { root: 'mq over pfifo_fast', chosen: 'pfifo_fast', queues: 4, roots: ['mq', ...Array<string>(4).fill('pfifo_fast')] },
  { root: 'mq over fq_codel', chosen: 'fq_codel', queues: 4, roots: ['mq', ...Array<string>(4).fill('fq_codel')] },
  { root: 'pfifo_fast without a queue (txqueuelen 0)', chosen: 'pfifo_fast', queues: 1, length: 0, roots: ['noqueue'] },
];

for (const egress of ['own-device', 'own-root'] as const) {
  describe(`a root of the kernel itself (${egress})`, () => {
    staysOrComesBack(egress);
  });
}

function staysOrComesBack(egress: EgressWay): void {
  let pair: Pair;
  let atFirst: string;
  before(async () => {
    pair = await createPair({ egress });
    atFirst = await readFile(defaultQdisc, 'utf8');
  });
  after(async () => {
    await writeFile(defaultQdisc, atFirst);
    await pair.dispose();
  });

  for (const { root, chosen, queues, length, roots } of cases) {
    it(`${egress === 'own-device' ? 'stays' : 'comes back'} as it was: ${root}`, async () => {
      const { target, driver, namespace } = pair;
      await writeFile(defaultQdisc, chosen);
      const ip = async (...args: string[]) => await inside(target, ['ip', 'link', ...args]);
      await ip('add', 'card', 'numtxqueues', String(queues), 'numrxqueues', String(queues), 'type', 'ifb');
      if (length !== undefined) await ip('set', 'card', 'txqueuelen', String(length));
      await ip('set', 'card', 'up');
      try {
        const found = await snapshot(target);
        const kindsOnCard = ({ tc }: Snapshot) =>
          (JSON.parse(tc) as { kind: string; dev: string }[]).filter(({ dev }) => dev === 'card').map(({ kind }) => kind);
        assert.deepEqual(kindsOnCard(found), roots);
        const works = [
          work('slow', delay(40), [2], { device: 'card', direction: 'both' }),
          work('slower', delay(80), [3], { device: 'card' }),
        ];
        await start(pair, ...works);
        const present = kindsOnCard(await snapshot(target));
        if (egress === 'own-device') assert.deepEqual(present, roots);
        else assert.equal(present[0], 'prio');
        for (const { id } of works) {
          assert.deepEqual(await driver.remove(namespace, id), { residue: 0, changedByOthers: [] });
        }
        assertSame(await snapshot(target), found);
      } finally {
        await ip('del', 'card');
      }
    });
  }
}
