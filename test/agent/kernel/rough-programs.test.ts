/** tc, nft and ip that are missing, or fail at any of their calls: the driver htb on whatever kernel the tests run on. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKernelDriver, type LocalKernelDriver } from '../../../src/agent/kernel/index.ts';
import { createPrograms } from '../../../src/agent/kernel/programs.ts';
import { codeOf, messageOf, systemClock } from '../../../src/lib/index.ts';
import { createLimiter } from '../../../src/agent/limiter.ts';
import { createPair, loss, type Pair, type Snapshot, snapshot, start, work } from '../../kernel/namespaces.ts';
import { type BrokenPrograms, createBrokenPrograms, failures, kernelPrograms } from './broken-programs.ts';

const untouched = { residue: 0, changedByOthers: [] };
const lossy = work('tenth', loss(10), [2], { direction: 'both' });

describe('where programs fail', { timeout: 60_000 }, () => {
  let pair: Pair;
  let found: Snapshot;
  let broken: BrokenPrograms;
  let crippled: LocalKernelDriver;
  beforeEach(async () => {
    pair = await createPair({ acting: 'htb', queueLength: 0 });
    found = await snapshot(pair.target);
    broken = await createBrokenPrograms();
    // From here on only what the ledger names is looked at: there may be namespaces of others on this machine.
    await pair.driver.sweep();
    crippled = await life(broken.path);
  });
  afterEach(async () => {
    await broken.dispose();
    await pair.dispose();
  });

  /** Programs are found by the `PATH` of when they are made. */
  async function life(path = process.env.PATH): Promise<LocalKernelDriver> {
    const before = process.env.PATH;
    process.env.PATH = path;
    const programs = createPrograms(createLimiter(2));
    process.env.PATH = before;
    const { stateFolder, instance } = pair;
    const chooseDriver = () => Promise.resolve('htb' as const);
    return await createKernelDriver({ stateFolder, instance, clock: systemClock, programs, chooseDriver });
  }
  const present = async () => {
    const entries = await readdir(join(pair.stateFolder, 'ledger')).catch(() => []);
    return { ...(await snapshot(pair.target)), entries };
  };
  const clean = () => ({ ...found, entries: [] });
  const failureOf = async (act: Promise<unknown>) =>
    await act.then(
      () => undefined,
      (error: unknown) => error,
    );

  describe.each(kernelPrograms)('%s', (program) => {
    const missing = {
      code: 'ToolMissing',
      message: expect.stringMatching(`^the program '${program}' is not installed; install (iproute2|nftables)`) as string,
    };

    it('missing: a fault is refused, and nothing comes into the kernel', async () => {
      await broken.take(program);
      await expect(crippled.prepare(pair.namespace, lossy)).rejects.toMatchObject(missing);
      expect(await present()).toEqual(clean());
    });

    it('missing while a fault is in: the undo says so and is remembered, and is done once it is there again', async () => {
      await start(pair, lossy);
      await broken.take(program);
      await expect(crippled.remove(pair.namespace, lossy.id)).rejects.toMatchObject(missing);
      const next = await life(broken.path);
      expect(await next.sweep()).toMatchObject({
        removed: [expect.stringContaining(`could not be undone: the program '${program}' is not installed`) as string],
        residue: 1,
      });
      await broken.putBack(program);
      expect((await next.sweep()).residue).toBe(0);
      expect(await present()).toEqual(clean());
    });
  });

  const every = kernelPrograms.flatMap((program) =>
    failures.flatMap((after) => [false, true].map((andLater) => ({ program, after, andLater }))),
  );
  // The others differ little, and all of them take a minute.
  const worst = every.filter(({ program, after, andLater }) => program !== 'ip' && after === (andLater ? 'nothing' : 'half'));
  const ways = process.env.SQUALL_EVERY_FAILURE === undefined ? worst : every;
  describe.each(ways)('$program fails at any call, after $after of it is done, and at all later ones: $andLater', (how) => {
    /** For every n: makes the n-th call of the program fail while something is done, and looks at what came of it. */
    async function atEveryCall(
      before: () => Promise<void>,
      act: () => Promise<unknown>,
      judge: (error: unknown) => Promise<void>,
    ): Promise<void> {
      for (let call = 1; ; call += 1) {
        await before();
        await broken.failAt({ ...how, call });
        const error = await failureOf(act());
        const reached = (await broken.calls()) >= call;
        if (!reached) expect(error).toBeUndefined();
        if (error !== undefined) expect(messageOf(error)).toMatch(`${how.program} failed: broken on purpose`);
        if (reached) await judge(error);
        expect((await (await life()).sweep()).residue).toBe(0);
        expect(await present()).toEqual(clean());
        if (!reached) {
          // The last one found nothing to fail; whatever is done here calls every program at least twice.
          expect(call).toBeGreaterThan(2);
          return;
        }
      }
    }

    it('in the middle of a preparation: refused, and nothing left, or said so and left to the next sweep', async () => {
      await atEveryCall(
        () => Promise.resolve(),
        async () => await crippled.prepare(pair.namespace, lossy),
        async (error) => {
          expect(error).toBeDefined();
          if (codeOf(error) !== 'CleanUpIncomplete') expect(await present()).toEqual(clean());
        },
      );
    });

    it('in the middle of an undo: done all the same, or said so, remembered, and done by the next sweep', async () => {
      await atEveryCall(
        async () => {
          await start(pair, lossy);
        },
        async () => {
          expect(await crippled.remove(pair.namespace, lossy.id)).toEqual(untouched);
        },
        async (error) => {
          const { entries } = await present();
          if (error === undefined) expect(await present()).toEqual(clean());
          else expect(entries).toHaveLength(1);
        },
      );
    });
  });
});
