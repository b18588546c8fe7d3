import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildReport, renderFiles, renderSummary } from '../../../src/report/index.ts';
import { eventLines } from '../../../src/report/terminal/event-lines.ts';
import { sampleJournal } from '../sample-journal.ts';
import { sampleTraffic, withTraffic } from './sample-traffic.ts';

const records = sampleJournal({ duringMs: 1000 });
const watched = withTraffic(records, sampleTraffic());
const pageOf = (flow: string, monitor?: string) =>
  renderFiles(withTraffic(records, sampleTraffic(flow), monitor))['report.html'].replace(/<(style|script)>[^]*?<\/\1>/g, '');

describe('traffic in report.json', () => {
  it('is null where nobody observed', () => {
    expect(buildReport(records).traffic).toBeNull();
    expect(JSON.parse(renderFiles(records)['report.json'])).toMatchObject({ traffic: null });
  });

  it('is what each monitor saw last, with what the fault made of it', () => {
    const twice = withTraffic(withTraffic(withTraffic(records, { phases: [] }), sampleTraffic()), sampleTraffic(), 'shop/edge');
    expect(buildReport(twice).traffic).toMatchObject([
      { monitor: 'shop/web', traffic: sampleTraffic(), change: { targets: { ratio: { direction: 'fell' } } } },
      { monitor: 'shop/edge' },
    ]);
  });
});

describe('traffic on a terminal', () => {
  it('is in the summary under the name of its monitor, and nowhere without one', () => {
    const summary = renderSummary(buildReport(watched), { color: false });
    expect(summary).toMatch(
      /\n {2}traffic {5}shop\/web\n +targets 1,280 → 320 frames\/s, −75 % .*\n +others 2,560 → .*\n +amplification 1,036 /,
    );
    expect(renderSummary(buildReport(records), { color: false })).not.toContain('traffic ');
  });

  it('is one line as it is recorded', () => {
    const record = watched.find(({ type }) => type === 'traffic');
    if (record === undefined) throw new Error('expected a record of traffic');
    const [only, ...more] = eventLines(record, {});
    expect(only?.line.map(({ text }) => text).join('')).toMatch(/traffic shop\/web: targets: 1,280 → 320 frames\/s/);
    expect(more).toEqual([]);
  });
});

describe('traffic in report.html', () => {
  it.each([
    ['what became of it', /Others \(collateral\)[^]*2,560 → 2,624 frames\/s, \+2\.5 %, not shown to differ/],
    ['rates by phase with their errors', /<th scope="row"[^>]*>\s*during<\/th>[^]*320 frames\/s ± 16 %/],
    [
      'the flows of the targets, with bars',
      /10\.80\.0\.5 to 10\.80\.0\.7 tcp 8080<\/th>[^]*<svg class="traffic-strip"[^>]*aria-label="100 frames\/s"/,
    ],
    ['flows that are not among the largest in a phase', /udp 53<\/th>[^]*not among the largest/],
  ])('shows %s', (_what, pattern) => {
    expect(pageOf('10.80.0.5 to 10.80.0.7 tcp 8080')).toMatch(pattern);
  });

  it('has no section where nobody observed', () => {
    expect(renderFiles(records)['report.html']).not.toContain('id="traffic"');
  });

  it.each(['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onload='alert(1)", '</svg><b>', '\u202Egnp.exe\0'])(
    'takes a flow or a monitor named %j for text',
    (hostile) => {
      const tagsOf = (page: string) => [...page.matchAll(/<\/?[a-zA-Z][^\s>/]*/g)].map(([tag]) => tag);
      const page = pageOf(hostile, hostile);
      expect(tagsOf(page)).toEqual(tagsOf(pageOf('plain', 'plain')));
      expect(page.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son[a-z]+=/);
      expect(page).not.toMatch(/[\0\u202E]/);
    },
  );

  it('is the same length of bar for the largest flow, and never one that is longer, whatever was seen', () => {
    const rate = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(fc.array(rate, { maxLength: 10 }), (rates) => {
        const [first, ...rest] = sampleTraffic().phases;
        if (first === undefined) throw new Error('expected phases');
        const targetFlows = rates.map((framesPerSecond, index) => ({ flow: `flow ${String(index)}`, framesPerSecond }));
        const seen = { phases: [{ ...first, targetFlows }, ...rest.map((phase) => ({ ...phase, targetFlows: [] }))] };
        const page = renderFiles(withTraffic(records.slice(0, 1).concat(records.slice(-1)), seen))['report.html'];
        const widths = [...page.matchAll(/class="traffic-bar"[^>]*width="([^"]*)"/g)].map(([, width]) => Number(width));
        expect(widths.every((width) => width >= 0 && width <= 110)).toBe(true);
        expect(page).not.toMatch(/NaN|Infinity/);
      }),
      { numRuns: 30 },
    );
  });
});

describe('junit.xml', () => {
  it('has no word of traffic', () => {
    expect(renderFiles(watched)['junit.xml']).toBe(renderFiles(records)['junit.xml']);
  });
});
