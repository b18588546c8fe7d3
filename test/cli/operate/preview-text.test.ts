import { describe, expect, it } from 'vitest';
import { renderPreview } from '../../../src/cli/operate/preview-text.ts';
import type { HurtPod } from '../../../src/control/index.ts';

const run = { namespace: 'shop', name: 'ramp', beforeMs: 0, durationMs: 60_000, afterMs: 0, seed: 's', probes: [] };
const pod: HurtPod = {
  ...{ namespace: 'shop', name: 'a', node: 'lab', device: 'eth0', fault: 'loss 1%' },
  ...{ peers: 'all', spared: [], include: [] },
};
const stepsTo = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ atMs: (index + 1) * 1000, fault: `loss ${String(index + 2)}%` }));
const linesOf = (changes: Partial<HurtPod>) => renderPreview({ ...run, hurt: [{ ...pod, ...changes }] }).split('\n');

describe('a preview for people', () => {
  it('says nothing of changes where there are none', () => {
    expect(linesOf({}).join('\n')).not.toContain('CHANGES');
  });

  it('has every step of a short ramp, and the pulse', () => {
    const lines = linesOf({ steps: stepsTo(8), pulse: { activeMs: 5000, idleMs: 1500 } }).filter((line) =>
      /loss 1% {2}/.test(line),
    );
    expect(lines.filter((line) => line.includes('after'))).toHaveLength(8);
    expect(lines.at(-1)).toMatch(/in turns +acts 5s, rests 1500ms/);
  });

  it('leaves out the middle of a long ramp, and says how much', () => {
    const lines = linesOf({ steps: stepsTo(300) }).filter((line) => /after \d+s +loss|more/.test(line));
    expect(lines).toHaveLength(9);
    expect(lines[7]).toMatch(/… +\(292 more\)/);
    expect(lines[8]).toMatch(/after 300s +loss 301%/);
  });
});
