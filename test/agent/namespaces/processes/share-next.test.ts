import { describe, expect, it } from 'vitest';
import { shareNext } from '../../../../src/agent/namespaces/processes/share-next.ts';

describe('shareNext', () => {
  /** Looks that end one by one when they are told to. */
  function createLooks() {
    const looks: PromiseWithResolvers<number>[] = [];
    const ask = shareNext(async () => {
      const look = Promise.withResolvers<number>();
      looks.push(look);
      return await look.promise;
    });
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    return { looks, ask, turn };
  }

  it('takes one look for all who ask before it begins, and the next for those who come later', async () => {
    const { looks, ask, turn } = createLooks();
    const early = [ask(), ask()];
    await turn();
    const late = [ask(), ask(), ask()];
    await turn();
    expect(looks).toHaveLength(1);
    looks[0]?.resolve(1);
    expect(await Promise.all(early)).toEqual([1, 1]);
    await turn();
    expect(looks).toHaveLength(2);
    looks[1]?.resolve(2);
    expect(await Promise.all(late)).toEqual([2, 2, 2]);
  });

  it('goes on after a look that failed, which only those learn who asked for it', async () => {
    const { looks, ask, turn } = createLooks();
    const first = ask();
    await turn();
    const second = ask();
    looks[0]?.reject(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await turn();
    looks[1]?.resolve(2);
    expect(await second).toBe(2);
  });
});
