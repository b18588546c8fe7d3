import { setImmediate as soon } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createSettledLab } from '../../../src/cli/run/settled-lab.ts';

const [first, second] = [
  { host: '127.0.0.1', port: 1 },
  { host: '127.0.0.1', port: 2 },
];

function setUp() {
  const told: number[] = [];
  const lab = createSettledLab(({ port }) => {
    told.push(port);
    return Promise.resolve();
  });
  return { told, lab };
}

describe('a lab and the collector that it is to export to', () => {
  it('are brought together once the lab is settled, where the collector was there first', async () => {
    const { told, lab } = setUp();
    await lab.opened(first);
    await lab.opened(second);
    expect(told).toEqual([]);
    await lab.settled();
    expect(told).toEqual([2]);
  });

  it('are brought together when the collector is opened, where the lab was there first', async () => {
    const { told, lab } = setUp();
    await lab.settled();
    expect(told).toEqual([]);
    await lab.opened(first);
    await lab.opened(second);
    expect(told).toEqual([1, 2]);
  });

  it('are brought together one after the other, also after a failure', async () => {
    const begun: number[] = [];
    const ends: ((error?: Error) => void)[] = [];
    const lab = createSettledLab(({ port }) => {
      begun.push(port);
      return new Promise((resolve, reject) => {
        ends.push((error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    });
    await lab.opened(first);
    const settled = lab.settled();
    const opened = lab.opened(second);
    await soon();
    expect(begun).toEqual([1]);
    ends[0]?.(new Error('no relay'));
    await expect(settled).rejects.toThrow('no relay');
    await soon();
    expect(begun).toEqual([1, 2]);
    ends[1]?.();
    await opened;
  });
});
