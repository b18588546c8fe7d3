import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunPreview } from '../../../src/control/index.ts';
import { squall } from '../squall.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const lab = ['--lab', join(fixtures, 'lab/trio.yaml')];
const verdicts = join(fixtures, 'experiments/verdicts.yaml');
let state: string;
beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), 'squall-preview-test-'));
});
afterAll(() => {
  rmSync(state, { recursive: true });
});

describe('squall preview', { timeout: 120_000 }, () => {
  it('previews every run of a file, exits with 3 when one would be refused, and writes nothing', async () => {
    const { code, stdout } = await squall('preview', verdicts, ...lab, '-o', 'json', '--state', state);
    expect(code).toBe(3);
    const previews = JSON.parse(stdout) as RunPreview[];
    const found = previews.map((one) => [one.name, 'refusal' in one ? one.refusal.reason : one.hurt.map(({ name }) => name)]);
    expect(Object.fromEntries(found)).toEqual({
      passes: ['server'],
      fails: ['server'],
      'has-no-dose': ['server'],
      'has-no-target': 'NoTarget',
      'is-not-steady': ['server'],
      'bare-shaper': ['server'],
      'bare-test': [],
    });
    expect(readdirSync(state)).toEqual([]);
  });

  it('shows people pods, nodes, faults and probes', async () => {
    const file = join(fixtures, 'experiments/leased.yaml');
    const { code, stdout } = await squall('preview', file, ...lab, '--state', state);
    expect(code).toBe(0);
    expect(stdout).toMatch(/hurts 1 pod on 1 node for /);
    expect(stdout).toMatch(/test\/server +- +app=server +lab +eth0 +delay /);
    expect(stdout).toMatch(/nothing was changed/);
  });

  it('is YAML where that is asked for', async () => {
    const file = join(fixtures, 'experiments/leased.yaml');
    const { code, stdout } = await squall('preview', file, ...lab, '-o', 'yaml', '--state', state);
    expect(code).toBe(0);
    expect(parse(stdout)).toMatchObject({
      hurt: [{ name: 'server', program: 0 }],
      programs: [{ gate: expect.any(String) as string }],
    });
  });

  it('takes the ceilings that a run would be given, for a lab', async () => {
    const file = join(fixtures, 'experiments/leased.yaml');
    const { code, stdout } = await squall('preview', file, ...lab, '--max-percent-of-workload', '50', '--state', state);
    expect(code).toBe(3);
    expect(stdout).toMatch(/would be Refused: BlastRadiusExceeded: ceilings.maxPercentOfWorkload: 1 of 1/);
  });

  it('shows people how a fault changes, once for all whom it hurts', async () => {
    const root = join(import.meta.dirname, '../../..');
    const lab = join(root, 'experiments/lab/shop.yaml');
    const { code, stdout } = await squall('preview', join(root, 'experiments/ramp.yaml'), '--lab', lab, '--state', state);
    expect(code).toBe(0);
    expect(stdout.match(/after 20s +delay 300ms jitter 5ms/g)).toHaveLength(1);
  });

  it.each([
    [
      'no file and no experiment there',
      ['preview', 'missing', '--lab', join(fixtures, 'lab/trio.yaml')],
      2,
      /'missing' is no file/,
    ],
    ['neither a lab nor a serve', ['preview', verdicts], 7, /--lab TOPOLOGY/],
    ['a manifest that is not good', ['preview', join(fixtures, 'lab/trio.yaml'), ...lab], 2, /./],
  ])('refuses %s', async (_, args, expected, text) => {
    const { code, stdout, stderr } = await squall(...args, '--state', state);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(text);
  });
});
