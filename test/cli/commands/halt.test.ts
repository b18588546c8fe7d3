import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiVersion } from '../../../src/api/index.ts';
import { experiments, halts } from '../../../src/control/index.ts';
import { type Machine, shortRun, startMachine } from '../../control/machine.ts';
import { clusterOver } from '../cluster.ts';
import { squall } from '../squall.ts';

const timeout = 120_000;
const long = { ...shortRun, duration: '10m' };

describe('squall halt and squall resume', () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await startMachine();
  });
  afterEach(async () => {
    await machine.stop();
  });

  it(
    'aborts what runs and waits for the proof, refuses what starts, and allows it again',
    async () => {
      await machine.create(long);
      await machine.untilPhase('run', 'during');
      const options = ['--reason', 'the pager rang', '--by', 'ada', '--state', machine.folder];
      const halted = await squall('halt', '--all', ...options);
      expect(halted.stderr).toBe('');
      expect(halted.stdout).toMatch(
        /^Everything is halted by ada since \S+Z: the pager rang\.\nshop\/run: Aborted \(Halted\); residue 0\nNo fault is active\.\n$/,
      );
      expect(halted.code).toBe(0);
      expect((await machine.store.get(halts, { name: 'halt' })).spec).toEqual({ reason: 'the pager rang', by: 'ada' });

      const shown = await squall('status', '--state', machine.folder);
      expect(shown.stdout).toMatch(
        /^everything is halted by ada since \S+Z: the pager rang; 'squall resume' ends that\nEXPERIMENTS/,
      );

      const again = await squall('halt', '--reason', 'once more', '--state', machine.folder);
      expect(again.stdout).toMatch(/^Everything was halted before, by ada since \S+Z: the pager rang\.\nNo fault is active\.\n$/);
      expect(again.code).toBe(0);

      await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
      expect((await machine.run(shortRun)).status).toMatchObject({ verdict: 'Refused', reason: 'Halted' });

      const resumed = await squall('resume', '--state', machine.folder);
      expect(resumed.stderr).toBe('');
      expect(resumed.stdout).toMatch(/^No longer halted by ada since \S+Z: the pager rang\.\nNew runs may start; /);
      expect(resumed.code).toBe(0);
      await machine.store.delete(experiments, { namespace: 'shop', name: 'run' });
      expect((await machine.run(shortRun)).status).toMatchObject({ verdict: 'Passed' });
      expect((await squall('resume', '--state', machine.folder)).stdout).toMatch(/^Nothing was halted\.\n/);
    },
    timeout,
  );

  it(
    'says so with exit code 5 when the undo is not proven in time',
    async () => {
      await machine.create(long);
      await machine.untilPhase('run', 'during');
      machine.silent = () => true;
      const { code, stdout } = await squall('halt', '--reason', 'x', '--within', '2s', '--state', machine.folder);
      expect(stdout).toMatch(/: x\.\nshop\/run: the undo is not proven\n$/);
      expect(code).toBe(5);
      machine.silent = () => false;
      expect((await machine.untilDone('run')).status).toMatchObject({ verdict: 'Aborted', reason: 'Halted', residue: 0 });
    },
    timeout,
  );

  it(
    'asks a cluster, and leaves the halts of others until they are named',
    async () => {
      await using cluster = await clusterOver(join(machine.folder, 'api.sock'));
      const metadata = { name: 'freeze' };
      await machine.store.create(halts, { apiVersion, kind: halts.kind, metadata, spec: { reason: 'Friday', by: 'ops' } });
      const halted = await squall('halt', '--reason', 'x', '--kubeconfig', cluster.kubeconfig);
      expect([halted.code, halted.stderr]).toEqual([0, '']);
      const left = await squall('resume', '--kubeconfig', cluster.kubeconfig);
      expect(left.stderr).toMatch(
        /Conflict: still halted by ops since \S+Z: Friday \(NetworkHalt freeze\): .*'squall resume freeze'/,
      );
      expect(left.code).toBe(7);
      const named = await squall('resume', 'freeze', '--kubeconfig', cluster.kubeconfig);
      expect([named.code, named.stderr]).toEqual([0, '']);
      expect((await machine.store.list(halts)).items).toEqual([]);
    },
    timeout,
  );
});

describe('squall halt without what it needs', () => {
  it.each([
    { args: ['halt', '--reason', 'x'], code: 7, message: /Unavailable: nobody answers on .*squall serve DIR --state/ },
    { args: ['halt'], code: 2, message: /required option '--reason <text>' not specified/ },
    { args: ['halt', '--reason', ' '], code: 2, message: /InvalidInput: --reason.*expected why everything is halted/ },
    { args: ['halt', '--reason', 'x', '--within', 'soon'], code: 2, message: /InvalidInput: --within: expected a duration/ },
    { args: ['resume'], code: 7, message: /Unavailable: nobody answers on / },
    { args: ['resume', 'one', '--all'], code: 2, message: /InvalidInput: expected names of halts or --all/ },
  ])(
    'says what to do ($args)',
    async ({ args, code, message }) => {
      const folder = mkdtempSync(join(tmpdir(), 'squall-empty-'));
      try {
        const result = await squall(...args, '--state', folder);
        expect(result.stderr).toMatch(message);
        expect(result.code).toBe(code);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    timeout,
  );
});
