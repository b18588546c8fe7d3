import type { Report, Verdict } from '../../api/index.ts';
import { describeCleanUp, describeFaults, describeVerdict } from '../describe.ts';
import type { Evidence } from '../evidence.ts';
import { formatCount, formatInstantForPeople, formatSpan, formatValue, plural } from '../text.ts';
import { markup, type Markup } from './markup.ts';

const signs: Record<Verdict, string> = {
  Passed: 'M6 12.5l4 4 8-9',
  Failed: 'M7 7l10 10M17 7L7 17',
  Inconclusive: 'M9 9.2a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M12 17v.4',
  Aborted: 'M8 8h8v8H8z',
  Refused: 'M7 12h10',
  Errored: 'M12 6.5v7M12 17v.4',
};

/** The verdict and why, as the first thing that is seen. */
export function header({ report }: Evidence): Markup {
  const { verdict, reason, message, experiment } = report;
  return markup`<header class="verdict ${verdict.toLowerCase()}">
      <svg class="sign" viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="12" r="10.5" />
        <path d="${signs[verdict]}" />
      </svg>
      <div>
        <p class="run-name">${runName(report)}</p>
        <h1><span class="verdict-word">${verdict}</span> <span class="headline">${describeVerdict(report)}</span></h1>
        <p class="reason"><span class="code">${reason}</span> ${message}</p>
        <p class="when">
          ${formatInstantForPeople(report.startedAt)} · ${formatSpan(elapsed(report))} · seed
          ${experiment.seed === '' ? 'unknown' : experiment.seed} · ${report.driver} on kernel ${report.kernel}
        </p>
      </div>
    </header>
    ${tiles(report)}`;
}

export function runName({ experiment }: Report): string {
  const name = [experiment.namespace, experiment.name].filter((part) => part !== '').join('/');
  return name === '' ? `run ${experiment.uid || 'unknown'}` : name;
}

export function elapsed({ startedAt, endedAt }: Report): number {
  return Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}

type Tone = 'good' | 'bad' | 'doubt' | 'plain';
type Tile = { label: string; value: string; detail: string; tone: Tone };

/** The four questions of a run, each answered by one figure. */
function tiles(report: Report): Markup {
  const all = [steadyStateTile(report), doseTile(report), exposureTile(report), cleanUpTile(report)];
  return markup`<ul class="tiles">
    ${all.map(
      ({ label, value, detail, tone }) =>
        markup`<li class="tile ${tone}">
          <span class="label">${label}</span> <span class="value">${value}</span><span class="detail">${detail}</span>
        </li>`,
    )}
  </ul>`;
}

function steadyStateTile({ hypothesis }: Report): Tile {
  const held = hypothesis.filter(({ outcome }) => outcome === 'held').length;
  const violated = hypothesis.filter(({ outcome }) => outcome === 'violated');
  const first = violated[0];
  if (hypothesis.length === 0)
    return { label: 'Steady state', value: 'not judged', detail: 'the run ended before', tone: 'plain' };
  return {
    label: 'Steady state',
    value: `${String(held)} of ${String(hypothesis.length)} held`,
    detail: first ? `violated: ${first.name}, ${first.phase}` : 'hypotheses by phase',
    tone: first ? 'bad' : held === hypothesis.length ? 'good' : 'doubt',
  };
}

function doseTile(report: Report): Tile {
  const worst = report.dose.find(({ ok }) => !ok) ?? report.dose[0];
  if (!worst)
    return { label: 'Dose', value: 'none', detail: 'no fault was measured', tone: report.targets.length > 0 ? 'doubt' : 'plain' };
  const others = report.dose.length > 1 ? `, ${plural(report.dose.length, 'dose')} in all` : '';
  return {
    label: `Dose: ${describeFaults(report)}`,
    value: formatValue(worst.measured.value, worst.measured.unit),
    detail: `measured; ${formatValue(worst.requested.value, worst.requested.unit)} asked${others}`,
    tone: worst.ok ? 'good' : 'bad',
  };
}

function exposureTile({ exposure }: Report): Tile {
  const packets = exposure.reduce((sum, record) => sum + record.packets, 0);
  const detail = exposure.length === 0 ? 'nobody counted' : 'of the hypotheses met the fault';
  return {
    label: 'Exposure',
    value: exposure.length === 0 ? 'unknown' : `${formatCount(packets)} packets`,
    detail,
    tone: 'plain',
  };
}

function cleanUpTile(report: Report): Tile {
  const open = report.targets.some(({ activeAt, undoneAt }) => activeAt !== undefined && undoneAt === undefined);
  const unknown = report.reason === 'Unfinished';
  return {
    label: 'Clean-up',
    value: unknown ? 'not proven' : `residue ${String(report.residue)}`,
    detail: describeCleanUp(report).replace(/^residue 0, /, ''),
    tone: report.residue > 0 || open ? 'bad' : unknown ? 'doubt' : 'good',
  };
}
