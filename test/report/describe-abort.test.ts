import { describe, expect, it } from 'vitest';
import type { AbortRecord, JournalRecord } from '../../src/api/index.ts';
import { describeAbort, describeRate } from '../../src/report/describe-abort.ts';
import { eventLines } from '../../src/report/terminal/event-lines.ts';
import { buildReport, renderFiles, renderSummary } from '../../src/report/index.ts';
import { sampleJournal } from './sample-journal.ts';

const abort: AbortRecord = {
  cause: 'MonitorFired: shop-traffic/retry-storm: flow 10.0.0.1: 812 frames/s over 300',
  at: '2026-03-01T02:30:20.000Z',
  decidedAt: '2026-03-01T02:30:20.012Z',
  firstCleanAt: '2026-03-01T02:30:20.112Z',
  lastCleanAt: '2026-03-01T02:30:20.212Z',
  signal: {
    monitor: 'shop-traffic',
    threshold: 'retry-storm',
    state: 'firing',
    flow: '10.0.0.1<script>',
    value: 812.4,
    unit: 'frames',
    limit: 300,
    agent: '10.0.0.254',
    dataSource: '3',
    samples: 13,
    errorPercent: 14.2,
    notification: 'shop-traffic-7',
  },
};
const aborted = { verdict: 'Aborted' as const, reason: 'MonitorFired', message: 'it fired' };

function journalOf(record: AbortRecord): JournalRecord[] {
  const records = sampleJournal({ duringMs: 1000, verdict: aborted });
  const entry: JournalRecord = { time: record.decidedAt, run: 'run', sequence: 1, type: 'abort', abort: record };
  return [...records.slice(0, -1), entry, ...records.slice(-1)].map((one, index) => ({ ...one, sequence: index + 1 }));
}

describe('an abort by a monitor', () => {
  const all = [
    /shop-traffic, firing/,
    /812 frames\/s ± 14\.2 %, by 13 samples/,
    /retry-storm, 300 frames\/s/,
    /agent 10\.0\.0\.254 at 3/,
    /shop-traffic-7/,
    /2026-03-01 02:30:20\.000 UTC/,
    /12 ms after it happened/,
    /100 ms after the decision/,
    /200 ms after the decision/,
  ];
  const files = renderFiles(journalOf(abort));
  it.each([
    ['the terminal', renderSummary(buildReport(journalOf(abort)), { color: false })],
    ['report.html', files['report.html']],
    ['junit.xml', files['junit.xml']],
  ])('is told with flow, value, threshold, times and notification in %s', (_where, text) => {
    for (const pattern of all) expect(text).toMatch(pattern);
  });

  it('has its message once in a summary, and the cause only where the reason is another', () => {
    const message = 'shop-traffic/retry-storm: flow 10.0.0.1: 812 frames/s over 300';
    const linesOf = (cause: string) => {
      const report = { ...buildReport(journalOf({ ...abort, cause })), reason: 'MonitorFired', message };
      return renderSummary(report, { color: false }).split('\n');
    };
    const lines = linesOf(`MonitorFired: ${message}`);
    expect(lines.filter((line) => line.includes(message))).toEqual([`  reason      MonitorFired: ${message}`]);
    expect(lines.find((line) => line.startsWith('  abort '))).toMatch(/monitor shop-traffic, firing; flow 10\.0\.0\.1/);
    expect(linesOf('AbortRequested: enough')).toContain('  abort       AbortRequested: enough');
  });

  it('tells its event by what was seen and when, as the verdict says why', () => {
    const [{ line } = { line: [] }] = eventLines(journalOf(abort).find(({ type }) => type === 'abort') ?? expect.fail(), {});
    const text = line.map((part) => part.text).join('');
    expect(text).toContain(describeAbort(abort));
    expect(text).not.toContain(abort.cause);
  });

  it('is whole in report.json', () => {
    expect(JSON.parse(files['report.json'])).toMatchObject({ abort });
  });

  it('lets nothing of a flow into a page but text', () => {
    expect(files['report.html']).toContain('10.0.0.1&lt;script&gt;');
    expect(files['junit.xml']).toContain('10.0.0.1&lt;script&gt;');
  });
});

describe('describeAbort', () => {
  it.each<[string, AbortRecord, string]>([
    [
      'an abort that somebody asked for',
      { cause: 'AbortRequested: enough', at: abort.decidedAt, decidedAt: abort.decidedAt },
      'happened 2026-03-01 02:30:20.012 UTC; decided 2026-03-01 02:30:20.012 UTC; first target clean not known; last target clean not known',
    ],
    [
      'a signal without a crossing',
      { cause: '', at: abort.at, decidedAt: abort.at, signal: { monitor: 'm', threshold: 't', state: 'lost' } },
      'monitor m, lost; threshold t; happened 2026-03-01 02:30:20.000 UTC; decided 2026-03-01 02:30:20.000 UTC; first target clean not known; last target clean not known',
    ],
    [
      'an observer whose clock is ahead',
      { cause: '', at: abort.decidedAt, decidedAt: abort.at },
      'happened 2026-03-01 02:30:20.012 UTC; decided 2026-03-01 02:30:20.000 UTC (−12 ms after it happened); first target clean not known; last target clean not known',
    ],
  ])('says of %s what is known', (_what, record, text) => {
    expect(describeAbort(record)).toBe(text);
  });
});

it.each([
  [812.4, 'frames', '812 frames/s'],
  [12_345, 'bytes', '12,345 bytes/s'],
  [4.5612, undefined, '4.56'],
  [0, 'frames', '0 frames/s'],
])('the rate %d of %s reads %s', (value, unit, text) => {
  expect(describeRate(value, unit)).toBe(text);
});
