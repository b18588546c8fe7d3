import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type JournalRecord, verdicts } from '../../src/api/index.ts';
import { renderFiles } from '../../src/report/index.ts';
import { refusedJournal, sampleJournal } from './sample-journal.ts';

const pageOf = (records: readonly JournalRecord[]): string => renderFiles(records)['report.html'];

type Tag = { name: string; attributes: string; closed: boolean };

/** The tags of a page in order, with their attributes, as a reader without mercy sees them. */
function tagsOf(page: string): Tag[] {
  const body = page.replace(/<(style|script)>[^]*?<\/\1>/g, '<$1></$1>');
  return [...body.matchAll(/<(\/?[a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z0-9:-]+(?:="[^"]*")?)*)\s*(\/?)>/g)].map((match) => ({
    name: match[1] ?? '',
    attributes: match[2] ?? '',
    closed: match[3] === '/',
  }));
}

describe('report.html', () => {
  it.each([
    ['verdict and reason', /<h1>.*Passed.*<\/h1>/s],
    ['a timeline', /aria-labelledby="timeline-text"/],
    ['the fault window in the charts', /class="fault-edge"/],
    ['the tolerance in the charts', /class="limit"/],
    ['a tolerance far above a chart by name', />↑ RTT p95 ≤ 250\.\d ms</],
    ['dose as asked and measured', />200 ms<.*>200\.3 ms<.*>200\.1 ms to 200\.6 ms</s],
    ['the exposure', /met a target&#39;s fault/],
    ['when targets were active, clean and undone', /\+11\.2 s.*\+41\.2 s.*\+41\.8 s/s],
    ['residue', /residue 0/],
    ['the manifest, folded', /<details>\s*<summary>The experiment as it was given/],
    ['kernel and driver', /netem on kernel 6\.1\.0-56-cloud-amd64/],
    ['the seed', /20260301/],
  ])('shows %s', (_what, pattern) => {
    expect(pageOf(sampleJournal())).toMatch(pattern);
  });

  it('has one RTT and loss chart for each stream, with a text beside it', () => {
    const page = pageOf(sampleJournal());
    expect(page.match(/class="chart"/g)).toHaveLength(2);
    expect(page).toContain('before: p50');
    for (const [, title = '', numbers = ''] of page.matchAll(/class="chart"[^>]*aria-labelledby="(\S+) (\S+)"/g)) {
      expect(page).toContain(`id="${title}"`);
      expect(page).toContain(`id="${numbers}"`);
    }
  });

  it('is one page that loads nothing, and whose policy names exactly its own style sheet and script', () => {
    const page = pageOf(sampleJournal());
    expect(page).not.toMatch(/\s(?:src|href|srcset|action)=/);
    expect(page).not.toMatch(/url\(|@import|https?:/);
    for (const [, name = '', content = ''] of page.matchAll(/<(style|script)>([^]*?)<\/\1>/g)) {
      expect(page).toContain(`${name}-src 'sha256-${createHash('sha256').update(content).digest('base64')}'`);
    }
    expect(page).toContain("default-src 'none'");
  });

  it('opens and closes its elements in order', () => {
    const open: string[] = [];
    for (const { name, closed } of tagsOf(pageOf(sampleJournal({ lossPercent: 10 })))) {
      if (name.startsWith('/')) expect(open.pop()).toBe(name.slice(1));
      else if (!closed) open.push(name);
    }
    expect(open).toEqual([]);
  });

  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    '</style></script><svg onload=alert(1)>',
    ']]><!-- --><b>',
    '&lt;b&gt;',
    '\u202Egnp.exe\0',
  ])('takes %j for text everywhere', (hostile) => {
    const names = { namespace: 'shop', experiment: 'name', target: 'target', stream: 'stream', message: 'message' };
    const verdict = (text: string) => ({ verdict: 'Failed' as const, reason: text, message: text });
    const plain = tagsOf(pageOf(sampleJournal({ duringMs: 1000, names, verdict: verdict('plain') })));
    const attacked = { namespace: hostile, experiment: hostile, target: hostile, stream: hostile, message: hostile };
    const page = pageOf(sampleJournal({ duringMs: 1000, names: attacked, verdict: verdict(hostile) }));
    expect(tagsOf(page).map(({ name }) => name)).toEqual(plain.map(({ name }) => name));
    expect(tagsOf(page).filter(({ attributes }) => /\son[a-z]+=/.test(attributes.replace(/"[^"]*"/g, '""')))).toEqual([]);
    expect(page).not.toMatch(/[\0\u202E]/);
  });

  it('shows every verdict, every prefix of a journal and a refused run without a hole', () => {
    const records = sampleJournal({ duringMs: 2000 });
    const journals = [
      ...records.map((_, length) => records.slice(0, length)),
      ...verdicts.map((verdict) => sampleJournal({ duringMs: 1000, verdict: { verdict, reason: 'R', message: 'm' } })),
      refusedJournal(),
    ];
    for (const journal of journals) {
      const page = pageOf(journal).replace(/<script>[^]*<\/script>/, '');
      expect(page).not.toMatch(/NaN|undefined|\[object|Infinity|Invalid/);
    }
  });

  it('thins a long run, says so, and stays below 2 MB', () => {
    const page = pageOf(sampleJournal({ duringMs: 600_000, moreStreams: 40, lossPercent: 1 }));
    expect(page.length).toBeLessThan(2_000_000);
    expect(page).toMatch(/probes are drawn as the least, mean and greatest of each of 200 columns/);
    expect(page).toContain('The 24 worst streams are drawn; 18 more streams in the table below');
  }, 60_000);
});
