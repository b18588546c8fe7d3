import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SquallError } from '../../../src/lib/index.ts';
import { createAsker } from '../../../src/observers/collector/asker.ts';
import type { Request } from '../../../src/observers/collector/messages.ts';

const timeoutMs = 2000;

function start() {
  const sent: Request[] = [];
  const asker = createAsker({ send: (request) => sent.push(request), timeoutMs });
  return { sent, ...asker };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('requests to the thread of a collector', () => {
  it('get their own answers, in whatever order those come', async () => {
    const { ask, answered, sent } = start();
    const asked = [ask('view', 'first'), ask('view', 'second')];
    expect(sent.map(({ name, argument }) => [name, argument])).toEqual([
      ['view', 'first'],
      ['view', 'second'],
    ]);
    for (const { id, argument } of sent.toReversed()) answered({ kind: 'answer', id, value: argument });
    expect(await Promise.all(asked)).toEqual(['first', 'second']);
  });

  it('fail with the error that the thread had', async () => {
    const { ask, answered, sent } = start();
    const asked = ask('remove', 'one');
    answered({ kind: 'failure', id: sent[0]?.id ?? 0, failure: { code: 'InvalidInput', message: 'keys: found none' } });
    await expect(asked).rejects.toEqual(new SquallError('InvalidInput', 'keys: found none'));
  });

  it("fail without an answer in time, which then is nobody's", async () => {
    const { ask, answered, sent } = start();
    const asked = expect(ask('counters', undefined)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/^CollectorSilent: .*counters: no answer within 2000 ms/) as string,
    });
    await vi.advanceTimersByTimeAsync(timeoutMs + 1);
    await asked;
    answered({ kind: 'answer', id: sent[0]?.id ?? 0, value: undefined });
  });

  it('do not fail where it was this thread that was held up and the answer is there', async () => {
    const { ask, answered, sent } = start();
    const asked = ask('view', 'one');
    vi.advanceTimersByTime(timeoutMs - 1);
    // The time is over and the answer comes in the same turn, before what was put off until after it.
    setTimeout(() => {
      answered({ kind: 'answer', id: sent[0]?.id ?? 0, value: undefined });
    }, 1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await asked).toBeUndefined();
  });

  it('fail at once where too many wait', async () => {
    const { ask, end, sent } = start();
    const waiting = Array.from({ length: 256 }, () => ask('agents', undefined).catch(() => undefined));
    await expect(ask('agents', undefined)).rejects.toThrow(/^CollectorSilent: .*256 requests wait already/);
    expect(sent).toHaveLength(256);
    end(new SquallError('Unavailable', 'over'));
    await Promise.all(waiting);
  });

  it('fail with the first reason of the end, those that wait and those that come later', async () => {
    const { ask, end, sent } = start();
    const waiting = expect(ask('view', 'one')).rejects.toThrow('the first reason');
    end(new SquallError('Unavailable', 'the first reason'));
    end(new SquallError('Unavailable', 'the second reason'));
    await waiting;
    await expect(ask('view', 'two')).rejects.toThrow('the first reason');
    expect(sent).toHaveLength(1);
  });
});
