import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { Evidence, PreflightEvidence } from '../evidence.ts';
import { formatCount, formatInstantForPeople, plural, shorten } from '../text.ts';
import { header, runName } from './header.ts';
import { markup, type Markup, ownText } from './markup.ts';
import { measurements } from './measurements.ts';
import { script } from './script.ts';
import { abort, cleanUp, dose, steadyState, targets } from './sections.ts';
import { style } from './style.ts';
import { chip, facts, folded, section, table } from './blocks.ts';
import { timeline } from './timeline.ts';
import { traffic } from './traffic.ts';

const mostManifestCharacters = 60_000;
const mostWarnings = 100;

/**
 * One page that needs nothing but itself. All text from outside is escaped by `markup`; besides, the page's own policy lets only
 * this style sheet and this script work, by their hashes, and lets nothing be loaded or sent.
 */
export function renderPage(evidence: Evidence): string {
  const { report } = evidence;
  const policy = `default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; base-uri 'none'; form-action 'none'`;
  const refused = evidence.preflight?.ok === false;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${ownText(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${report.verdict}: ${runName(report)} · Squall</title>
        <style>${ownText(style)}</style>
      </head>
      <body>
        <main>
          ${header(evidence)} ${warnings(report.warnings)} ${abort(evidence)}
          ${refused ? preflight(evidence.preflight) : undefined} ${section('timeline', 'Timeline', '', timeline(evidence))}
          ${steadyState(evidence)} ${measurements(evidence)} ${dose(evidence)} ${targets(evidence)} ${traffic(evidence)}
          ${cleanUp(evidence)}
          ${refused ? undefined : preflight(evidence.preflight)} ${environment(evidence)} ${manifest(report.experiment.manifest)}
        </main>
        <footer>
          Made by Squall from ${formatCount(evidence.journalRecords)} records in journal.jsonl. The same as data: report.json
          (${report.apiVersion}); for CI: junit.xml.
        </footer>
        <script>${ownText(script)}</script>
      </body>
    </html>
`;
  return page.html;
}

function warnings(messages: readonly string[]): Markup | undefined {
  if (messages.length === 0) return undefined;
  const more = messages.length - mostWarnings;
  return markup`<aside class="warnings" aria-labelledby="warnings">
    <h2 id="warnings">Warnings</h2>
    <ul>
      ${messages.slice(0, mostWarnings).map((message) => markup`<li>${shorten(message, 1000)}</li>`)}
      ${more > 0 ? markup`<li>${more} more in report.json</li>` : undefined}
    </ul>
  </aside>`;
}

function preflight(evidence: PreflightEvidence | undefined): Markup {
  if (!evidence) return section('preflight', 'Preflight', '', markup`<p>The run ended before preflight.</p>`);
  const failed = evidence.checks.filter(({ ok }) => !ok).length;
  const rows = evidence.checks.map(({ node, name, ok, expected, found, remedy }) => [
    name,
    node,
    chip(ok ? 'yes' : 'no', ok ? 'met' : 'not met'),
    expected,
    found,
    ok ? '' : remedy,
  ]);
  const checks = table('Checks of nodes and targets', ['Check', 'Node', 'Result', 'Expected', 'Found', 'Remedy'], rows);
  const all = plural(rows.length, 'check');
  const summary = failed === 0 ? `${all} met` : `${formatCount(failed)} of ${all} not met`;
  return section('preflight', 'Preflight', 'What must be true before anything is touched.', folded(summary, checks, failed > 0));
}

function environment({ report, machine }: Evidence): Markup {
  const { experiment, kernel, driver, startedAt, endedAt } = report;
  const known = (text: string): string => (text === '' ? 'unknown' : text);
  return section(
    'environment',
    'Environment',
    '',
    facts([
      ['Kernel', kernel],
      ['Driver', driver],
      ['Where', machine ? `${machine.guest ? 'guest machine' : 'this machine'}: ${machine.why}` : 'unknown'],
      ['Seed', markup`<span class="code">${known(experiment.seed)}</span>`],
      ['Run', markup`<span class="code">${known(experiment.uid)}</span>`],
      ['Started', formatInstantForPeople(startedAt)],
      ['Ended', formatInstantForPeople(endedAt)],
    ]),
  );
}

function manifest(value: unknown): Markup {
  const text = typeof value === 'string' ? value : stringify(value ?? null);
  const cut =
    text.length > mostManifestCharacters
      ? markup`<p class="note">Cut here; the whole manifest is in report.json.</p>`
      : undefined;
  const body = markup`<pre tabindex="0"><code>${shorten(text, mostManifestCharacters)}</code></pre>
    ${cut}`;
  return section('manifest', 'Manifest', '', folded('The experiment as it was given', body));
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
