import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { command } from '../kernel/namespaces.ts';
import { createSquall, reportsOf } from '../kernel/squall.ts';

describe('squall run', () => {
  const squall = createSquall();
  after(squall.dispose);

  it('gives each verdict of the table to the run that deserves it, and exits with the worst', async () => {
    const outcome = await squall.run('verdicts', ['-o', 'json']);
    const reports = reportsOf(outcome);
    assert.deepEqual(
      reports.map(({ experiment, verdict, reason }) => [experiment.name, verdict, reason]),
      [
        ['passes', 'Passed', 'SteadyStateHeld'],
        ['fails', 'Failed', 'HypothesisViolated'],
        ['has-no-dose', 'Inconclusive', 'NoDose'],
        ['has-no-target', 'Refused', 'NoTarget'],
        ['is-not-steady', 'Refused', 'SteadyStateNotMet'],
        ['bare-shaper', 'Passed', 'SteadyStateHeld'],
        ['bare-test', 'Passed', 'SteadyStateHeld'],
      ],
      JSON.stringify(reports.map(({ message }) => message)) + outcome.stderr,
    );
    assert.equal(outcome.code, 1);
    const [passes, fails, hasNoDose, hasNoTarget, isNotSteady] = reports;
    assert.ok(Math.abs((passes?.dose[0]?.measured.value ?? 0) - 100) <= 5, JSON.stringify(passes?.dose));
    assert.ok((passes?.exposure[0]?.packets ?? 0) > 10, JSON.stringify(passes?.exposure));
    assert.equal(fails?.dose[0]?.ok, true, JSON.stringify(fails?.dose));
    assert.equal(
      hasNoDose?.exposure.every(({ packets }) => packets === 0),
      true,
    );
    for (const refused of [hasNoTarget, isNotSteady]) {
      assert.deepEqual(
        refused?.phases.filter(({ name }) => name === 'inject'),
        [],
      );
      assert.equal(
        refused.targets.every(({ activeAt }) => activeAt === undefined),
        true,
      );
    }
    for (const { residue } of reports) assert.equal(residue, 0);
  });

  it('hurts what goes out, comes in, or both, and measures how much', async () => {
    const outcome = await squall.run('family', ['-o', 'json']);
    const reports = reportsOf(outcome);
    assert.deepEqual(
      reports.map(({ experiment, verdict, reason }) => [experiment.name, verdict, reason]),
      [
        ['delays-both-ways', 'Passed', 'SteadyStateHeld'],
        ['corrupts', 'Failed', 'HypothesisViolated'],
        ['duplicates', 'Passed', 'SteadyStateHeld'],
        // Pings are slower than any rate worth a name: it was never exercised.
        ['is-slow', 'Inconclusive', 'NoDose'],
        ['parts', 'Failed', 'HypothesisViolated'],
      ],
      JSON.stringify(reports.map(({ message, dose }) => ({ message, dose }))) + outcome.stderr,
    );
    for (const { experiment, residue, dose, exposure } of reports) {
      assert.equal(residue, 0, experiment.name);
      assert.equal(dose.length, 1, experiment.name);
      assert.ok(
        exposure.some(({ packets }) => packets > 10),
        experiment.name,
      );
    }
  });

  it('undoes on Ctrl-C and reports Aborted', async () => {
    const run = squall.start('leased', ['-o', 'json']);
    await squall.untilPhase('is-cut-off', 'during');
    run.process.kill('SIGINT');
    const outcome = await run.outcome;
    const [report] = reportsOf(outcome);
    assert.equal(outcome.code, 4, outcome.stderr);
    assert.equal(report?.verdict, 'Aborted');
    assert.match(report.abort?.cause ?? '', /SIGINT/);
    assert.equal(report.residue, 0);
    assert.ok(report.abort?.lastCleanAt);
  });

  it('leaves no namespace, no ledger and no process behind', async () => {
    assert.deepEqual((await command('ip', ['netns', 'list'])).trim(), '');
    assert.deepEqual(readdirSync(join(squall.stateFolder, 'ledger')), []);
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const ours = processes.filter((pid) => commandLine(pid).includes(squall.stateFolder));
    assert.deepEqual(ours.map(commandLine), []);
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
