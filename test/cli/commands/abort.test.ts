import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '../../../src/api/index.ts';
import { type Machine, startMachine } from '../../control/machine.ts';
import { squall } from '../squall.ts';

const timeout = 120_000;
const longFault = {
  before: '0s',
  duration: '600s',
  after: '0s',
  fault: {
    targets: [{ kind: 'pod', namespace: 'shop', name: 'payments-0' }],
    configuration: { type: 'delay', device: 'eth0', value: '200ms' },
  },
};

describe('squall abort and squall report', () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await startMachine();
  });
  afterEach(async () => {
    await machine.stop();
  });

  it(
    'undoes the run, waits for the proof and tells when the targets were clean',
    async () => {
      await machine.create(longFault);
      await machine.untilPhase('run', 'during');
      const cutOff = await squall('report', 'run', '--state', machine.folder);
      expect(cutOff.stderr).toMatch(/shop\/run has no verdict yet/);

      const { code, stdout, stderr } = await squall('abort', 'run', '--reason', 'the pager rang', '--state', machine.folder);
      expect(stderr).toBe('');
      expect(stdout).toMatch(
        /^shop\/run: Aborted \(AbortRequested\); first target clean \d{4}-\S+Z, last \d{4}-\S+Z; residue 0\n$/,
      );
      expect(code).toBe(0);

      const report = await squall('report', 'run', '-o', 'json', '--state', machine.folder);
      const { verdict, abort } = JSON.parse(report.stdout) as Report;
      expect([verdict, abort?.cause]).toEqual(['Aborted', 'AbortRequested: the pager rang']);
      expect([report.code, report.stderr]).toEqual([0, '']);
    },
    timeout,
  );

  it(
    'does not know a run that is over, and has nothing to do when nothing is active',
    async () => {
      await machine.run({
        ...longFault,
        fault: { ...longFault.fault, targets: [{ kind: 'pod', namespace: 'shop', name: 'nobody' }] },
      });
      const one = await squall('abort', 'run', '--state', machine.folder);
      expect(one.stderr).toMatch(/NotFound: no run 'run' is active; no run is/);
      expect(one.code).toBe(7);
      const all = await squall('abort', '--all', '--state', machine.folder);
      expect([all.stdout, all.code]).toEqual(['No run is active.\n', 0]);
    },
    timeout,
  );
});

describe('a command without a server', () => {
  it.each([
    { args: ['abort', '--all'], code: 7, message: /Unavailable: nobody answers on .*squall serve DIR --state/ },
    { args: ['abort'], code: 2, message: /InvalidInput: expected the name of one run or --all/ },
    { args: ['abort', 'run', '--reason', ' '], code: 2, message: /InvalidInput: --reason/ },
    { args: ['report', 'run'], code: 7, message: /NotFound: .* has no report of a run 'run'; there is none of any run/ },
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
