/** Which packets a fault hurts, of all that a target sends and gets: by peer, port, protocol and family, and by nothing else. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Direction, FaultWork } from '../../src/api/index.ts';
import { dosePingBytes } from '../../src/faults/index.ts';
import { type Conversation, converse, startEchoes } from './conversations.ts';
import {
  addressesOf,
  assertSame,
  createPair,
  delay,
  inside,
  loss,
  type Pair,
  ping,
  type Snapshot,
  snapshot,
  start,
  work,
} from '../kernel/namespaces.ts';
import { answered, median } from '../kernel/statistics.ts';

const addedMs = 150;
/** Every one by whose low five bits the kernel gives a packet a priority of its own (rt_tos2priority), and every DSCP. */
const tosValues = Array.from({ length: 256 }, (_, value) => value).filter((value) => value < 32 || value % 4 === 0);
const atPorts = (first: number, last: number, numbers: number[]): FaultWork['peers'] => {
  const { ipv4, ipv6 } = work('', loss(1), numbers).peers as { ipv4: string[]; ipv6: string[] };
  return { ipv4: [], ipv6: [], atPorts: [{ ipv4, ipv6, ports: { first, last } }] };
};

describe('a fault', () => {
  let pair: Pair;
  let untouched: Snapshot;
  let echoes: Awaited<ReturnType<typeof startEchoes>>;
  before(async () => {
    pair = await createPair();
    untouched = await snapshot(pair.target);
    echoes = await startEchoes(pair, { addresses: addressesOf(2, 3), ports: [8080, 8081, 8082] });
  });
  afterEach(async () => {
    await pair.driver.sweep();
    assertSame(await snapshot(pair.target), untouched);
  });
  after(async () => {
    await echoes.end();
    await pair.dispose();
  });

  /** Every conversation with peer 2, where the fault may hurt it, and with peer 3, which no fault of these selects. What is delayed is later than the delay. */
  const assertHurt = async (expected: [Partial<Conversation>, boolean][]): Promise<void> => {
    const all = [2, 3].flatMap((number) =>
      addressesOf(number).flatMap((address) =>
        expected.map(([conversation, hurt]) => ({
          conversation: { protocol: 'udp' as const, address, port: 8080, ...conversation },
          hurt: hurt && number === 2,
        })),
      ),
    );
    const times = await converse(
      pair,
      all.map(({ conversation }) => conversation),
    );
    for (const [index, { conversation, hurt }] of all.entries()) {
      const found = times[index] ?? [];
      const what = `${JSON.stringify(conversation)}: ${JSON.stringify(found)}`;
      assert.equal(answered(found).length, found.length, what);
      assert.equal(median(answered(found)) > addedMs, hurt, what);
    }
  };
  const pingsAreHurt = async (address: string, bytes = 56): Promise<boolean> => {
    const times = (await ping(pair.target, [address], { count: 5, periodMs: 20, bytes }))[address] ?? [];
    return median(answered(times)) > addedMs;
  };

  for (const direction of ['egress', 'ingress'] as const satisfies Direction[]) {
    it(`on ${direction} at ports of a peer hurts what goes to those and comes from them, of both protocols, and no ping`, async () => {
      await start(pair, work('ports', delay(addedMs), [], { peers: atPorts(8080, 8081, [2]), direction }));
      await assertHurt([
        [{ port: 8080 }, true],
        [{ port: 8081, protocol: 'tcp' }, true],
        [{ port: 8082 }, false],
        [{ port: 8082, protocol: 'tcp' }, false],
      ]);
      for (const address of addressesOf(2, 3)) assert.equal(await pingsAreHurt(address), false, address);
    });

    it(`on ${direction} at ports of the target hurts what it sends and gets there, of one protocol where one is named`, async () => {
      const own = [{ first: 7000, last: 7001 }];
      await start(pair, work('own', delay(addedMs), [2], { ports: own, protocol: 'udp', direction }));
      await assertHurt([
        [{ ownPort: 7000 }, true],
        [{ ownPort: 7002 }, false],
        [{ ownPort: 7001, protocol: 'tcp' }, false],
      ]);
    });
  }

  it('hurts a datagram of many fragments whole, and spares those of other ports', async () => {
    await start(pair, work('ports', delay(addedMs), [], { peers: atPorts(8080, 8080, [2]), direction: 'both' }));
    await assertHurt([
      [{ port: 8080, bytes: 20_000 }, true],
      [{ port: 8081, bytes: 20_000 }, false],
    ]);
  });

  it('hurts segments that a sender hands over by the dozen, and spares those of other ports', async () => {
    await start(pair, work('ports', delay(addedMs), [], { peers: atPorts(8080, 8080, [2]), protocol: 'tcp' }));
    await assertHurt([
      [{ protocol: 'tcp', port: 8080, bytes: 200_000 }, true],
      [{ protocol: 'tcp', port: 8081, bytes: 200_000 }, false],
      [{ protocol: 'udp', port: 8080 }, false],
    ]);
  });

  it('with peers of one family spares the other', async () => {
    await start(pair, work('ipv4', delay(addedMs), [], { peers: { ipv4: ['10.99.0.2'], ipv6: [] }, direction: 'both' }));
    const [ipv4 = '', ipv6 = ''] = addressesOf(2);
    assert.deepEqual([await pingsAreHurt(ipv4), await pingsAreHurt(ipv6)], [true, false]);
  });

  it('spares what it excepts of all peers, in both directions', async () => {
    const except = { ipv4: ['10.99.0.2/31'], ipv6: ['fd99::3'] };
    await start(pair, work('others', delay(addedMs), 'all', { except, direction: 'both' }));
    const hurt = await Promise.all(addressesOf(2, 3, 4).map(async (address) => [address, await pingsAreHurt(address)]));
    assert.deepEqual(Object.fromEntries(hurt), {
      '10.99.0.2': false,
      'fd99::2': true,
      '10.99.0.3': false,
      'fd99::3': false,
      '10.99.0.4': true,
      'fd99::4': true,
    });
  });

  it('takes the pings of its dose, by their length alone, where it takes no others', async () => {
    const dosePeers = { [pair.podUid]: addressesOf(2) };
    const ports = work('dosed', delay(addedMs), [], { peers: atPorts(8080, 8080, [2, 3]), dosePeers, direction: 'both' });
    await start(pair, ports);
    const bytes = dosePingBytes(ports);
    for (const address of addressesOf(2)) {
      assert.deepEqual([await pingsAreHurt(address, bytes), await pingsAreHurt(address, bytes + 1)], [true, false], address);
    }
    for (const address of addressesOf(3)) assert.equal(await pingsAreHurt(address, bytes), false, address);
    assert.equal((await pair.driver.read(pair.namespace, 'dosed')).packets, 0);
  });

  it('is met by selected packets whatever their TOS, and by no other', async () => {
    await start(pair, work('tos', loss(100), [2]));
    const pings = (number: number, value: number) => {
      const [ipv4 = '', ipv6 = ''] = addressesOf(number);
      return `(fping -q -r 0 -t 200 -O ${String(value)} ${ipv4} ${ipv6} >/dev/null 2>&1; echo ${String(number)} $?) &`;
    };
    const script = tosValues
      .flatMap((value, index) => [pings(2, value), pings(3, value), ...(index % 8 === 7 ? ['wait'] : [])])
      .join('\n');
    const lines = (await inside(pair.target, ['sh'], `${script}\nwait\n`)).trim().split('\n');
    const exits = (number: number) => lines.filter((line) => line.startsWith(`${String(number)} `)).map((line) => line.slice(2));
    // fping exits 1 where some address did not answer, and 0 where all did.
    assert.deepEqual([exits(2).length, new Set(exits(2))], [tosValues.length, new Set(['1'])]);
    assert.deepEqual([exits(3).length, new Set(exits(3))], [tosValues.length, new Set(['0'])]);
    assert.deepEqual((await pair.driver.read(pair.namespace, 'tos')).packets, 2 * tosValues.length);
  });
});
