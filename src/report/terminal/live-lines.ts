import { reportPhases } from '../../api/index.ts';
import { formatMs, formatPercent, formatStopwatch, formatValue, plural } from '../text.ts';
import type { LiveHypothesis, LiveState } from './live-state.ts';
import { readingOf, sparkline } from './readings.ts';
import { column, fitLine, type Line, span } from './spans.ts';

/** The block must stay on the screen to be redrawn in place. */
const mostHypotheses = 8;
const mostDoses = 3;

/** The few lines that are redrawn in place, none wider than `columns`. `now` in milliseconds since 1970. */
export function liveLines(state: LiveState, now: number, columns: number): Line[] {
  const hidden = state.hypotheses.length - mostHypotheses;
  const lines: Line[] = [
    titleLine(state, now),
    phaseLine(state, now),
    ...state.hypotheses.slice(0, mostHypotheses).map((hypothesis) => hypothesisLine(hypothesis, columns)),
    ...(hidden > 0 ? [[span(`  and ${plural(hidden, 'more hypothesis', 'more hypotheses')}`, 'quiet')]] : []),
    ...state.doses
      .slice(-mostDoses)
      .map(({ target, fault, requested, measured, ok }) => [
        span('  dose  ', 'quiet'),
        span(formatValue(measured.value, measured.unit), ok ? 'good' : 'bad'),
        span(` measured, ${formatValue(requested.value, requested.unit)} asked  `),
        span(`${fault} on ${target}`, 'quiet'),
      ]),
    ...(Object.keys(state.targets).length > 0 ? [targetsLine(state)] : []),
  ];
  return lines.map((line) => fitLine(line, columns));
}

function titleLine({ name, startedAt, machine, warnings }: LiveState, now: number): Line {
  return [
    span('squall ', 'accent'),
    span(name, 'bold'),
    span(startedAt === undefined ? '' : `  ${formatStopwatch(now - startedAt)}`),
    span(machine === undefined ? '' : `  ${machine}`, 'quiet'),
    span(warnings > 0 ? `  ${plural(warnings, 'warning')}` : '', 'doubt'),
  ];
}

/** A phase that is over has a cross when a hypothesis was violated in it, and a tick otherwise. */
function phaseLine({ phase, past, hypotheses }: LiveState, now: number): Line {
  const steps = reportPhases.flatMap((name): Line => {
    const ended = past.some((one) => one.name === name);
    const violated = hypotheses.some(({ outcomes }) => outcomes.includes(`${name} violated`));
    if (phase?.name === name) return [span(` ▸ ${name}`, 'bold'), ...progress(phase.startedAt, phase.endsAt, now)];
    if (violated) return [span(` ✗ ${name}`, 'bad')];
    return [ended ? span(` ✓ ${name}`, 'good') : span(` · ${name}`, 'quiet')];
  });
  return [span(' '), ...steps];
}

const barWidth = 12;

function progress(startedAt: number, endsAt: number | undefined, now: number): Line {
  if (endsAt === undefined || Number.isNaN(endsAt) || endsAt <= startedAt) return [span(` ${formatStopwatch(now - startedAt)}`)];
  const share = Math.min(1, Math.max(0, (now - startedAt) / (endsAt - startedAt)));
  const filled = Math.round(share * barWidth);
  return [
    span(' '),
    span('█'.repeat(filled), 'accent'),
    span('░'.repeat(barWidth - filled), 'quiet'),
    span(` ${formatStopwatch(endsAt - now)} left`),
  ];
}

function hypothesisLine({ name, recent }: LiveHypothesis, columns: number): Line {
  const nameWidth = Math.max(10, Math.min(28, columns - 60));
  const { rttMs, p95Ms, lossPercent } = readingOf(recent);
  const figure = (value: number | undefined, text: (value: number) => string): string =>
    (value === undefined ? '–' : text(value)).padStart(9);
  return [
    span('  '),
    span(column(name, nameWidth), 'bold'),
    span(' rtt'),
    span(figure(rttMs, formatMs), 'accent'),
    span(`  p95${figure(p95Ms, formatMs)}  loss`),
    span(figure(lossPercent, formatPercent), (lossPercent ?? 0) > 0 ? 'bad' : 'plain'),
    span('  '),
    span(sparkline(recent, Math.max(0, Math.min(30, columns - nameWidth - 50))), 'accent'),
  ];
}

function targetsLine({ targets }: LiveState): Line {
  const phases = Object.values(targets).map(({ phase }) => phase);
  const counts = [...new Set(phases)].map((phase) => `${String(phases.filter((other) => other === phase).length)} ${phase}`);
  return [span('  targets  ', 'quiet'), span(counts.join(', '))];
}
