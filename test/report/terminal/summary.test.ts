import { describe, expect, it } from 'vitest';
import { buildReport, renderSummary } from '../../../src/report/index.ts';
import { refusedJournal, sampleJournal } from '../sample-journal.ts';

const plain = { color: false };

describe('renderSummary', () => {
  it('says verdict, reason, dose, hypotheses by phase, clean-up and where the files are', () => {
    const summary = renderSummary(buildReport(sampleJournal()), { ...plain, folder: 'out/demo' });
    expect(summary.trimStart()).toMatch(/^Passed {2}The steady state survived the fault\./);
    expect(summary).toContain('reason      SteadyStateHeld: ');
    expect(summary).toContain(
      '✓ delay 200ms on shop/payments: asked 200 ms, measured 200.3 ms (95 % interval 200.1 to 200.6 ms, 150 probes)',
    );
    expect(summary).toMatch(/checkout-reaches-payments {2}before ✓ .* during ✓ .* after ✓ /);
    expect(summary).toContain('clean-up    residue 0, 1 target undone in 640 ms');
    expect(summary).toContain('files       out/demo/report.html, report.json, junit.xml, journal.jsonl');
  });

  it('gives the reason of what did not hold', () => {
    const verdict = { verdict: 'Failed' as const, reason: 'HypothesisViolated', message: 'm' };
    const summary = renderSummary(buildReport(sampleJournal({ lossPercent: 30, verdict })), plain);
    expect(summary).toMatch(/during ✗ loss [\d.]+ %/);
    expect(summary).toMatch(/during: checkout to payments .*: lossPercent is [\d.]+, at most 1/);
  });

  it.each([
    ['a refused run', refusedJournal(), /Refused {2}.*\n.*PreflightFailed.*\n.*residue 0, nothing was touched/],
    [
      'a journal that stops while the fault is active',
      sampleJournal().slice(0, 60),
      /Errored .*\n.*Unfinished[^]*1 target not known to be undone/,
    ],
    ['an empty journal', [], /Errored .*\n.*the journal is empty/],
  ])('is honest about %s', (_what, records, expected) => {
    expect(renderSummary(buildReport(records), plain)).toMatch(expected);
  });

  it('lets no control character of a message through', () => {
    const verdict = { verdict: 'Errored' as const, reason: 'Internal', message: 'a\u001B[31m\nb\u0007' };
    const summary = renderSummary(buildReport(sampleJournal({ verdict })), plain);
    expect(summary).toContain('Internal: a[31m b\n');
  });
});
