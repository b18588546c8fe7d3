import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type JournalRecord, type Verdict, verdicts } from '../../src/api/index.ts';
import { runProgram } from '../../src/lib/index.ts';
import { renderFiles } from '../../src/report/index.ts';
import { refusedJournal, sampleJournal } from './sample-journal.ts';

type ParsedCase = { name: string; classname: string; result: string; type: string; message: string; text: string };
type ParsedSuite = { attributes: Record<string, string>; children: string[]; cases: ParsedCase[]; out: string };

/** Reads documents with a parser that is not ours: Python's expat. One start for many documents. */
const parserScript = `
import json, sys
import xml.etree.ElementTree as tree
def case(element):
    child = element[0] if len(element) else None
    get = lambda key: child.get(key, '') if child is not None else ''
    return dict(name=element.get('name'), classname=element.get('classname'), result=child.tag if child is not None else 'passed',
                type=get('type'), message=get('message'), text=(child.text or '') if child is not None else '')
def suite(text):
    root = tree.fromstring(text.encode())
    assert root.tag == 'testsuites' and len(root) == 1
    one = root[0]
    return dict(attributes=one.attrib, children=[child.tag for child in one], cases=[case(c) for c in one.iter('testcase')],
                out=one.find('system-out').text or '')
json.dump([suite(text) for text in json.load(sys.stdin)], sys.stdout)
`;

async function parse(journals: readonly (readonly JournalRecord[])[]): Promise<ParsedSuite[]> {
  const documents = journals.map((records) => renderFiles(records)['junit.xml']);
  const result = await runProgram('python3', ['-c', parserScript], { input: JSON.stringify(documents) });
  expect(result.stderr).toBe('');
  return JSON.parse(result.stdout) as ParsedSuite[];
}

async function parseOne(records: readonly JournalRecord[]): Promise<ParsedSuite> {
  const [suite] = await parse([records]);
  if (!suite) throw new Error('no suite');
  return suite;
}

// Python's start is slow on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

describe('junit.xml', () => {
  it('has a case for preflight, each hypothesis in each phase, each dose, the clean-up and the verdict', async () => {
    const suite = await parseOne(sampleJournal());
    expect(suite.cases.map(({ classname, name }) => `${classname.split('.').at(-1) ?? ''}: ${name}`)).toEqual([
      'preflight: preflight',
      'hypothesis: checkout-reaches-payments before',
      'hypothesis: frontend-reaches-db before',
      'hypothesis: checkout-reaches-payments during',
      'hypothesis: frontend-reaches-db during',
      'hypothesis: checkout-reaches-payments after',
      'hypothesis: frontend-reaches-db after',
      'dose: delay 200ms on shop/payments',
      'clean-up: nothing is left behind',
      'verdict: verdict',
    ]);
    expect(suite.cases.every(({ result }) => result === 'passed')).toBe(true);
  });

  it('keeps the order and the attributes that the schemas of Ant and Jenkins ask for', async () => {
    const { attributes, children } = await parseOne(sampleJournal());
    expect(children.filter((tag, index) => tag !== children[index - 1])).toEqual([
      'properties',
      'testcase',
      'system-out',
      'system-err',
    ]);
    expect(attributes).toMatchObject({
      name: 'shop/checkout-survives-slow-payments',
      id: '0',
      tests: '10',
      failures: '0',
      errors: '0',
      skipped: '0',
    });
    expect(attributes.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    expect(attributes.time).toBe('51.810');
  });

  it('says what was observed against the tolerance where a hypothesis was violated', async () => {
    const suite = await parseOne(
      sampleJournal({ lossPercent: 20, verdict: { verdict: 'Failed', reason: 'HypothesisViolated', message: 'm' } }),
    );
    const [violated] = suite.cases.filter(({ classname, result }) => classname.endsWith('.hypothesis') && result === 'failure');
    expect(violated).toMatchObject({ name: 'checkout-reaches-payments during', type: 'ToleranceExceeded' });
    expect(violated?.message).toMatch(
      /^observed loss [\d.]+ %, RTT p95 200\.\d ms; tolerance loss ≤ 1 %, RTT p95 ≤ baseline \+ 250 ms$/,
    );
    expect(suite.cases.at(-1)).toMatchObject({ result: 'failure', type: 'Failed.HypothesisViolated' });
  });

  it('shows every verdict but Passed as something red', async () => {
    const journals = verdicts.map((verdict) =>
      sampleJournal({ duringMs: 1000, verdict: { verdict, reason: 'R', message: 'm' } }),
    );
    const suites = await parse(journals);
    const shown: Record<Verdict, string> = {
      Passed: 'passed',
      Failed: 'failure',
      Inconclusive: 'error',
      Aborted: 'error',
      Refused: 'error',
      Errored: 'error',
    };
    expect(suites.map(({ cases }) => cases.at(-1)?.result)).toEqual(verdicts.map((verdict) => shown[verdict]));
  });

  it('names the remedy of a check that refused the run', async () => {
    const { cases } = await parseOne(refusedJournal());
    expect(cases[0]).toMatchObject({ name: 'preflight', result: 'error', type: 'Refused' });
    expect(cases[0]?.message).toContain('run with --guest auto');
  });

  it('shows residue and targets that are not undone, and skips what was never asked, in every prefix of a journal', async () => {
    const records = sampleJournal({ duringMs: 2000 });
    const suites = await parse(records.map((_, length) => records.slice(0, length)));
    for (const { cases, attributes } of suites) {
      expect(cases.at(-1)?.type).toBe('Errored.Unfinished');
      for (const kind of ['failure', 'error', 'skipped']) {
        const attribute = { failure: 'failures', error: 'errors', skipped: 'skipped' }[kind] ?? '';
        expect(attributes[attribute]).toBe(String(cases.filter(({ result }) => result === kind).length));
      }
    }
    const active = records.findIndex((record) => record.type === 'target' && record.phase === 'Active');
    expect(suites[active + 1]?.cases.find(({ classname }) => classname.endsWith('.clean-up'))).toMatchObject({
      result: 'error',
      type: 'CleanUpIncomplete',
      text: 'shop/payments is not shown to be undone',
    });
    expect(suites[1]?.cases[0]).toMatchObject({ name: 'preflight', result: 'skipped' });
  });

  it('is well-formed for any text in names and messages, and keeps the text', async () => {
    const hostile = fc.string({
      unit: fc.oneof(fc.constantFrom('<', '&', '"', "'", ']]>', '\0', '\n', '\t', '\uFFFF', '\uD800', 'ä', '🌩'), fc.string()),
    });
    const texts = fc.sample(hostile, { numRuns: 100, seed: 5 });
    const suites = await parse(
      texts.map((text) =>
        sampleJournal({
          beforeMs: 1000,
          duringMs: 1000,
          afterMs: 1000,
          verdict: { verdict: 'Failed', reason: text, message: text },
          names: { namespace: text, experiment: text, target: text, stream: text, message: text },
        }),
      ),
    );
    const letters = (text: string): string => text.replace(/[^a-zA-Z0-9ä🌩<&"']/gu, '');
    suites.forEach(({ cases }, index) => {
      expect(letters(cases.at(-1)?.message ?? '')).toContain(letters(texts[index] ?? ''));
    });
  });
});
