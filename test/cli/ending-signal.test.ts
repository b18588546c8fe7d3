import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { endingSignal, type SecondSignal } from '../../src/cli/ending-signal.ts';

/** How many listen to each: with none the system ends the process. */
const listeners = (sender: EventEmitter) => ['SIGINT', 'SIGTERM'].map((name) => sender.listenerCount(name));

describe('an order to end', () => {
  it.each(['SIGINT', 'SIGTERM'])('by %s fires once, with the name of the signal', (name) => {
    const sender = new EventEmitter();
    using ending = endingSignal({}, sender);
    expect(ending.signal.aborted).toBe(false);
    sender.emit(name, name);
    sender.emit('SIGTERM', 'SIGTERM');
    expect(ending.signal.reason).toBe(name);
    expect(listeners(sender)).toEqual([1, 1]);
  });

  it('has the reason that it is given', () => {
    const sender = new EventEmitter();
    using ending = endingSignal({ reason: 'Stopped' }, sender);
    sender.emit('SIGINT', 'SIGINT');
    expect(ending.signal.reason).toBe('Stopped');
  });

  it.each<[string, (told: string[]) => SecondSignal, string[], number[]]>([
    ['is told of, and hurries nothing', (told) => () => told.push('second'), ['second', 'second'], [1, 1]],
    ['is left to the system, whichever it is', () => 'ends', [], [0, 0]],
  ])('that comes again %s', (_what, second, expected, left) => {
    const sender = new EventEmitter();
    const told: string[] = [];
    using ending = endingSignal({ second: second(told) }, sender);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGINT']) sender.emit(name, name);
    expect([ending.signal.reason, told, listeners(sender)]).toEqual(['SIGINT', expected, left]);
  });

  it('leaves nobody listening once it is disposed of', () => {
    const sender = new EventEmitter();
    {
      using _ending = endingSignal({}, sender);
      expect(listeners(sender)).toEqual([1, 1]);
    }
    expect(listeners(sender)).toEqual([0, 0]);
  });
});
