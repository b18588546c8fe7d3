import { describe, expect, it } from 'vitest';
import { renderPreview } from '../../../src/cli/operate/preview-text.ts';
import type { HurtPod } from '../../../src/control/index.ts';

const run = {
  ...{ namespace: 'shop', name: 'ramp', beforeMs: 0, durationMs: 60_000, afterMs: 0, seed: 's', probes: [] },
  programs: [{ tree: ['qdisc add dev eth0'], gate: 'add table inet x\nadd chain inet x y\n' }],
  cost: { nodeTasks: 2, nodes: 1, leaseRenewals: 0.1, kernelRenewals: 0.3, probes: 20 },
};
const pod: HurtPod = {
  ...{ namespace: 'shop', name: 'a', node: 'lab', device: 'eth0', fault: 'loss 1%' },
  ...{ peers: 'all', spared: [], include: [], labels: { app: 'web' }, program: 0 },
};
const stepsTo = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ atMs: (index + 1) * 1000, fault: `loss ${String(index + 2)}%` }));
const linesOf = (changes: Partial<HurtPod>) => renderPreview({ ...run, hurt: [{ ...pod, ...changes }] }).split('\n');

describe('a preview for people', () => {
  it('says nothing of changes where there are none', () => {
    expect(linesOf({}).join('\n')).not.toContain('CHANGES');
  });

  it('has owner and labels of each pod, what its kernel would be told, and what all of it costs', () => {
    const lines = linesOf({ owner: { kind: 'ReplicaSet', name: 'web-1' } });
    expect(lines[2]).toMatch(/^ +HURT +OWNER +LABELS/);
    expect(lines[3]).toMatch(/^ +shop\/a +ReplicaSet\/web-1 +app=web +lab/);
    const kernel = lines.indexOf('KERNEL OF shop/a');
    expect(lines.slice(kernel + 1, kernel + 4)).toEqual([
      '  tc  qdisc add dev eth0',
      '  nft add table inet x',
      '  nft add chain inet x y',
    ]);
    expect(lines).toContain(
      'costs 2 NodeTasks on 1 node; a second 0.1 renewals of its Lease, 0.3 of leases in kernels, 20 probes',
    );
  });

  it('has at most two different kernels, and says how many more there are', () => {
    const hurt = [0, 1, 2].map((program) => ({ ...pod, name: `p${String(program)}`, program }));
    const program = { tree: [], gate: 'x' };
    const text = renderPreview({ ...run, programs: [program, program, program], hurt });
    expect(text.match(/KERNEL OF/g)).toHaveLength(2);
    expect(text).toContain('… and 1 other program');
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
