import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseNamespace, type PodProcess } from '../../../../src/agent/namespaces/processes/choose.ts';

const node = 100;
/** `container age inode`, separated by blanks; `-` is no container. The process's number is 1000 and its place in the list. */
const processes = (...texts: string[]): PodProcess[] =>
  texts.map((text, index) => {
    const [container, startedAt, inode] = text.split(' ');
    return {
      pid: 1000 + index,
      startedAt: Number(startedAt),
      container: container === '-' ? undefined : container,
      inode: Number(inode),
    };
  });

describe('chooseNamespace', () => {
  it.each([
    ['the one that all are in, by its oldest process', ['app 9 7', 'sandbox 5 7', 'app 10 7'], { pid: 1001, inode: 7 }],
    ['whatever children did', ['sandbox 1 7', 'app 2 7', 'app 3 8', 'app 4 8', 'app 5 8'], { pid: 1000, inode: 7 }],
    ['that of most containers', ['sandbox 1 7', 'vpn 2 8', 'app 3 7'], { pid: 1000, inode: 7 }],
    ['that of most containers though the oldest is elsewhere', ['vpn 1 8', 'sandbox 2 7', 'app 3 7'], { pid: 1001, inode: 7 }],
    ['that of containers, not of a helper beside them', ['- 1 100', 'sandbox 2 7'], { pid: 1001, inode: 7 }],
    ['that of processes in no container, where there is none', ['- 2 7', '- 1 7'], { pid: 1001, inode: 7 }],
    ['of two as old as each other, the lower number', ['a 5 7', 'b 5 7'], { pid: 1000, inode: 7 }],
  ])('is %s', (_, texts, choice) => {
    expect(chooseNamespace('uid', processes(...texts), new Set([node]))).toEqual(choice);
  });

  it('is none without a process', () => {
    expect(chooseNamespace('uid', [], new Set([node]))).toBeUndefined();
  });

  it.each([
    ["is the node's", ['sandbox 1 100', 'app 2 100'], /^HostNetwork: pod uid/],
    ["is the node's, though one container has made its own", ['sandbox 1 100', 'app 2 100', 'vpn 3 8'], /^HostNetwork/],
    [
      'cannot be decided between two',
      ['sandbox 1 7', 'app 2 8'],
      /^AmbiguousNamespace: .*7 \(process 1000\) and 8 \(process 1001\)/,
    ],
    ['is that of no more than half', ['a 1 7', 'b 2 7', 'c 3 8', 'd 4 9'], /^AmbiguousNamespace/],
  ])('is refused when it %s', (_, texts, refusal) => {
    expect(chooseNamespace('uid', processes(...texts), new Set([node]))).toEqual({
      refusal: expect.stringMatching(refusal) as string,
    });
  });

  const anyProcess = fc.record({
    pid: fc.integer({ min: 1, max: 10_000 }),
    startedAt: fc.integer({ min: 1, max: 20 }),
    container: fc.constantFrom('a', 'b', 'c', undefined),
    inode: fc.constantFrom(7, 8, node),
  });
  const anyProcesses = fc.uniqueArray(anyProcess, { selector: ({ pid }) => pid, maxLength: 12 });

  it('does not depend on the order in which processes are looked at', () => {
    fc.assert(
      fc.property(
        anyProcesses.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          const decide = (list: PodProcess[]) => {
            const choice = chooseNamespace('uid', list, new Set([node]));
            return choice !== undefined && 'refusal' in choice ? choice.refusal.split(':')[0] : choice;
          };
          expect(decide(shuffled)).toEqual(decide(all));
        },
      ),
    );
  });

  it("never is the node's, nor one that no process is in", () => {
    fc.assert(
      fc.property(anyProcesses, (all) => {
        const choice = chooseNamespace('uid', all, new Set([node]));
        if (choice === undefined || 'refusal' in choice) return;
        expect(choice.inode).not.toBe(node);
        expect(all.some(({ pid, inode }) => pid === choice.pid && inode === choice.inode)).toBe(true);
      }),
    );
  });
});
