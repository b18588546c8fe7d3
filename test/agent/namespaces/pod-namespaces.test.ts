import { describe, expect, it } from 'vitest';
import { findAndPin, hasLost, withPathOf } from '../../../src/agent/namespaces/pod-namespaces.ts';
import { SquallError } from '../../../src/lib/index.ts';

const namespace = { podUid: 'uid', path: '/proc/1/ns/net', inode: 7 };
const gone = new SquallError('NotFound', 'gone');

/** Answers one after the other, the last for ever. */
const answers = <T>(...given: T[]) => {
  const left = [...given];
  return () => Promise.resolve((left.length > 1 ? left.shift() : left[0]) as T);
};

describe('withPathOf', () => {
  it('looks again when the process ended between looking and using', async () => {
    const used: string[] = [];
    const result = await withPathOf({ pathOf: answers('/proc/1/ns/net', '/proc/2/ns/net') }, namespace, ({ path, inode }) => {
      used.push(path);
      if (used.length === 1) throw gone;
      return inode;
    });
    expect([used, result]).toEqual([['/proc/1/ns/net', '/proc/2/ns/net'], 7]);
  });

  it('rejects when the pod no longer has it, when it ends again and again, and with every other error at once', async () => {
    let calls = 0;
    const fail = (error: Error) => () => {
      calls += 1;
      throw error;
    };
    await expect(withPathOf({ pathOf: answers(undefined) }, namespace, fail(gone))).rejects.toThrow(/^NamespaceGone/);
    expect(calls).toBe(0);
    await expect(withPathOf({ pathOf: answers('x') }, namespace, fail(gone))).rejects.toBe(gone);
    expect(calls).toBe(4);
    await expect(withPathOf({ pathOf: answers('x') }, namespace, fail(new Error('other')))).rejects.toThrow('other');
    expect(calls).toBe(5);
  });
});

describe('findAndPin', () => {
  const open = (...inodes: (number | SquallError)[]) => {
    const next = answers(...inodes);
    return {
      openNamespace: async (podUid: string, path: string) => {
        const inode = await next();
        if (typeof inode !== 'number') throw inode;
        return { podUid, path, inode };
      },
    };
  };
  const find = answers({ path: '/proc/1/ns/net', inode: 7 }, { path: '/proc/2/ns/net', inode: 7 });

  it.each([
    ['its process ended', gone],
    ['its process’s number was given to another', 8],
  ])('looks again when %s before the namespace was pinned', async (_, first) => {
    expect(await findAndPin({ find }, 'uid', open(first, 7))).toMatchObject({ inode: 7 });
  });

  it('is undefined without a namespace, and never another one', async () => {
    expect(await findAndPin({ find: answers(undefined) }, 'uid', open(7))).toBeUndefined();
    await expect(findAndPin({ find }, 'uid', open(8))).rejects.toThrow(/^NamespaceGone/);
  });
});

describe('hasLost', () => {
  it('takes what could not be looked at for there', async () => {
    expect(await hasLost({ pathOf: () => Promise.reject(gone) }, namespace)).toBe(false);
    expect(await hasLost({ pathOf: answers(undefined) }, namespace)).toBe(true);
    expect(await hasLost({ pathOf: answers('x') }, namespace)).toBe(false);
  });
});
