import { describe, expect, it } from 'vitest';
import { onDemand } from '../../../src/cli/network/on-demand.ts';

/** Opens numbered things; those whose number is in `failing` fail. */
function numbered(failing: readonly number[] = []) {
  const closed: number[] = [];
  let count = 0;
  const ends: (() => void)[] = [];
  const shared = onDemand(async (ended) => {
    ends.push(ended);
    count += 1;
    const number = count;
    await Promise.resolve();
    if (failing.includes(number)) throw new Error(`port in use, try ${String(number)}`);
    return {
      number,
      close: () => {
        closed.push(number);
        return Promise.resolve();
      },
    };
  });
  return { shared, closed, ends, count: () => count };
}

describe('what is opened on demand', () => {
  it('is not opened before somebody asks, and then once for all', async () => {
    const { shared, count } = numbered();
    expect([shared.opened(), count()]).toEqual([undefined, 0]);
    const [one, other] = await Promise.all([shared.open(), shared.open()]);
    expect([one.number, other.number, (await shared.open()).number, count()]).toEqual([1, 1, 1, 1]);
    expect(shared.opened()?.number).toBe(1);
  });

  it('tells everybody who asked why it failed, and is tried again when it is asked for again', async () => {
    const { shared, count } = numbered([1]);
    const outcomes = await Promise.allSettled([shared.open(), shared.open()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(shared.failure()).toEqual(new Error('port in use, try 1'));
    expect(shared.opened()).toBeUndefined();
    expect((await shared.open()).number).toBe(2);
    expect([shared.failure(), count()]).toEqual([undefined, 2]);
  });

  it.each(['unwanted', 'close'] as const)('has failed for nobody any more when it is told %s', async (over) => {
    const { shared } = numbered([1]);
    await shared.open().catch(() => undefined);
    await shared[over]();
    expect(shared.failure()).toBeUndefined();
  });

  it('is opened anew after it has ended by itself, and what an earlier one says then changes nothing', async () => {
    const { shared, ends } = numbered();
    await shared.open();
    ends[0]?.();
    expect(shared.opened()).toBeUndefined();
    expect((await shared.open()).number).toBe(2);
    ends[0]?.();
    expect(shared.opened()?.number).toBe(2);
  });

  it('is closed also when it is just being opened, once, and not where it never was open', async () => {
    const { shared, closed } = numbered();
    await shared.close();
    expect(closed).toEqual([]);
    const opening = shared.open();
    await shared.close();
    await opening;
    await shared.close();
    expect(closed).toEqual([1]);
  });

  it('is closed without complaint where it could not be opened', async () => {
    const { shared, closed } = numbered([1]);
    const opening = shared.open();
    await shared.close();
    await expect(opening).rejects.toThrow('port in use');
    expect(closed).toEqual([]);
  });
});
