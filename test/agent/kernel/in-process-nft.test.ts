/** nft by the optional addon, on whatever kernel the tests run on; the programs that are started otherwise say what is right. */
import { existsSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createKernelDriver, loadNft, type LocalKernelDriver, type RunNft } from '../../../src/agent/kernel/index.ts';
import type { Direction } from '../../../src/api/index.ts';
import { messageOf, systemClock } from '../../../src/lib/index.ts';
import { createPair, inside, loss, type Pair, snapshot, work } from '../../kernel/namespaces.ts';

const file = fileURLToPath(new URL('../../../native/build/squall-netns.node', import.meta.url));
const id = 'tenth';
const instance = 'c0ffee01';

it('says what to do where there is no addon', async () => {
  await expect(loadNft('/nowhere/squall-netns.node')).rejects.toMatchObject({
    code: 'ToolMissing',
    message: expect.stringMatching(/npm run build:native/) as string,
  });
});

// npm run build:native makes it, where somebody wants it; a machine of CI has it.
describe.skipIf(!existsSync(file) && process.env.CI !== 'true')('nft in this process', { timeout: 60_000 }, () => {
  let runNft: RunNft;
  beforeAll(async () => {
    runNft = await loadNft(file);
  });

  const startDriver = async ({ stateFolder }: Pair, by: RunNft | undefined): Promise<LocalKernelDriver> =>
    await createKernelDriver({
      stateFolder,
      instance,
      clock: systemClock,
      chooseDriver: () => Promise.resolve('htb'),
      ...(by === undefined ? {} : { runNft: by }),
    });
  const pairOf = async (): Promise<Pair> => {
    const pair = await createPair();
    onTestFinished(pair.dispose);
    return pair;
  };
  const rulesOf = async ({ target }: Pair): Promise<string> => await inside(target, ['nft', '-j', 'list', 'ruleset']);
  const leaseLeft = (rules: string): number => Number(/"expires": ?(\d+)/.exec(rules)?.[1]);
  const withoutTime = (rules: string): string => rules.replaceAll(/"(expires|packets|bytes)": ?\d+/g, '"$1": 0');

  /** What nft prints after every step. */
  async function stepsBy(by: RunNft | undefined, direction: Direction): Promise<string[]> {
    const pair = await pairOf();
    const { namespace } = pair;
    const found = await snapshot(pair.target);
    const driver = await startDriver(pair, by);
    const seen: string[] = [];
    const see = async (leastLeft: number, mostLeft: number) => {
      const rules = await rulesOf(pair);
      if (mostLeft > 0) {
        expect(leaseLeft(rules)).toBeGreaterThan(leastLeft);
        expect(leaseLeft(rules)).toBeLessThanOrEqual(mostLeft);
      } else expect(rules).not.toContain('expires');
      seen.push(withoutTime(rules));
    };
    await driver.prepare(namespace, work(id, loss(10), [2], { direction }));
    await see(0, 0);
    await driver.commit(namespace, id, () => 60_000);
    await see(40, 60);
    await driver.renew(namespace, id, () => 600_000);
    await see(500, 600);
    await driver.close(namespace, id);
    await see(0, 0);
    expect(await driver.remove(namespace, id)).toEqual({ residue: 0, changedByOthers: [] });
    expect(await snapshot(pair.target)).toEqual(found);
    return seen;
  }

  it.each(['egress', 'ingress', 'both'] as const)('leaves what nft leaves that is started, on %s', async (direction) => {
    expect(await stepsBy(runNft, direction)).toEqual(await stepsBy(undefined, direction));
  });

  it('refuses in the same words to renew what the kernel has ended, and what somebody has removed', async () => {
    const refusals = async (by: RunNft | undefined): Promise<string[]> => {
      const pair = await pairOf();
      const { target, namespace } = { ...pair, namespace: { ...pair.namespace, podUid: 'pod' } };
      const driver = await startDriver(pair, by);
      await driver.prepare(namespace, work(id, loss(10), [2]));
      await driver.commit(namespace, id, () => 50);
      await systemClock.sleep(200);
      const renewal = async (): Promise<string> =>
        await driver.renew(namespace, id, () => 60_000).then(() => 'renewed', messageOf);
      const ended = await renewal();
      await inside(target, ['nft', 'delete', 'table', 'inet', `squall_${instance}`]);
      return [ended, await renewal()];
    };
    const found = await refusals(runNft);
    expect(found).toEqual([expect.stringMatching(/^LeaseExpired/), expect.stringMatching(/^GateGone/)]);
    // The program says besides where in its input that was.
    expect(found).toEqual((await refusals(undefined)).map((text) => text.replace(/\/dev\/stdin:[\d:-]+ /, '')));
  });

  it('changes each of many namespaces at once and no other, and leaves this process where it was, with no file open', async () => {
    const pairs = [await pairOf(), await pairOf(), await pairOf()];
    const pathOf = ({ target }: Pair) => `/run/netns/${target}`;
    const openFiles = async () => (await readdir('/proc/self/fd')).length;
    const ownNamespaces = async () =>
      (await readdir('/proc/self/task')).map((thread) => {
        try {
          return readlinkSync(`/proc/self/task/${thread}/ns/net`);
        } catch {
          return 'ended';
        }
      });
    const open = await openFiles();
    await Promise.all(pairs.map((pair, index) => runNft(pathOf(pair), `add table inet t${String(index)}`)));
    const rounds = Array.from({ length: 30 }, () =>
      pairs.map((pair, index) =>
        runNft(pathOf(pair), `add chain inet t${String(index)} c\ndelete chain inet t${String(index)} c`),
      ),
    );
    const results = await Promise.all(rounds.flat());
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    for (const [index, { target }] of pairs.entries()) {
      expect(await inside(target, ['nft', 'list', 'tables'])).toBe(`table inet t${String(index)}\n`);
    }
    // Threads close their sockets once they have answered; the kernel takes some 10 ms for that.
    await systemClock.sleep(200);
    expect(new Set(await ownNamespaces())).toEqual(new Set([readlinkSync('/proc/self/ns/net')]));
    expect(await openFiles()).toBe(open);
  });

  it('takes all of a transaction or nothing, and says why not', async () => {
    const { target } = await pairOf();
    const path = `/run/netns/${target}`;
    const { code, error } = await runNft(path, 'add table inet t\nflush set inet t nothing\n');
    expect(code).toBe(1);
    expect(error).toMatch(/No such file or directory/);
    expect(await inside(target, ['nft', 'list', 'tables'])).toBe('');
    expect(await runNft('/run/netns/squall-nothing', 'list tables')).toMatchObject({ code: 1 });
    expect(await runNft('/etc/hostname', 'list tables')).toMatchObject({ code: 1 });
    expect(() => runNft(path, 'add table inet t\0')).toThrow(TypeError);
  });
});
