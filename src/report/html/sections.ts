import { type HypothesisRecord, type Phase, phases, type Report } from '../../api/index.ts';
import { describeAbortTimes, describeSignal } from '../describe-abort.ts';
import { describeMetricValue, describeObserved, describeTolerance } from '../describe.ts';
import type { Evidence } from '../evidence.ts';
import { formatCount, formatInstantForPeople, formatPercent, formatSpan, formatValue, shorten } from '../text.ts';
import { doseStrip } from './dose-strip.ts';
import { markup, type Markup } from './markup.ts';
import { type Cell, chip, facts, section, table } from './blocks.ts';

export function steadyState({ report }: Evidence): Markup {
  const names = [...new Set(report.hypothesis.map(({ name }) => name))];
  if (names.length === 0)
    return section('steady-state', 'Steady state', '', markup`<p>No hypothesis was judged before the run ended.</p>`);
  const rows = names.map((name) => [name, ...phases.map((phase) => judgement(report.hypothesis, name, phase))]);
  return section(
    'steady-state',
    'Steady state',
    'What had to hold, and whether it did, before, during and after the fault.',
    table('Hypotheses by phase', ['Hypothesis', ...phases], rows),
  );
}

function judgement(records: readonly HypothesisRecord[], name: string, phase: Phase): Cell {
  const record = records.find((candidate) => candidate.name === name && candidate.phase === phase);
  if (!record) return markup`<span class="quiet">not judged</span>`;
  const { outcome, tolerance, reason, samples } = record;
  return markup`${chip(outcome)}<br />${describeObserved(record)}
    <div class="quiet">${describeTolerance(tolerance) || 'no tolerance'} · ${formatCount(samples)} probes</div>
    ${outcome === 'held' ? undefined : markup`<div class="why">${shorten(reason, 500)}</div>`}`;
}

export function dose({ report }: Evidence): Markup {
  const rows = report.dose.map((record) => {
    const { target, fault, requested, measured, samples, source, ok } = record;
    const interval = `${formatValue(measured.low, measured.unit)} to ${formatValue(measured.high, measured.unit)}`;
    return [
      target,
      fault,
      formatValue(requested.value, requested.unit),
      formatValue(measured.value, measured.unit),
      interval,
      doseStrip(record),
      formatCount(samples),
      source,
      chip(ok ? 'yes' : 'no', ok ? 'as asked' : 'no dose'),
    ];
  });
  const heads = ['Target', 'Fault', 'Requested', 'Measured', '95 % interval', 'Asked and measured', 'Samples', 'Source', 'Dose'];
  return section(
    'dose',
    'Dose',
    'What the fault really did to packets, measured apart from the hypotheses. Without a dose no run is green.',
    rows.length === 0 ? markup`<p>No dose was measured.</p>` : table('Dose by target and fault', heads, rows, [2, 3, 4, 6]),
  );
}

export function targets({ report }: Evidence): Markup {
  const zero = Date.parse(report.startedAt);
  const since = (instant: string | undefined): Cell =>
    instant === undefined
      ? markup`<span class="quiet">–</span>`
      : markup`<time datetime="${instant}" title="${formatInstantForPeople(instant)}">+${formatSpan(Date.parse(instant) - zero)}</time>`;
  const rows = report.targets.map(({ namespace, name, uid, node, activeAt, cleanAt, undoneAt, skipped }) => [
    `${namespace}/${name}`,
    node,
    skipped ? markup`<span class="quiet">skipped</span>` : since(activeAt),
    since(cleanAt),
    since(undoneAt),
    markup`<span class="code">${uid}</span>`,
  ]);
  const heads = ['Target', 'Node', 'Active at', 'Clean at', 'Undone at', 'UID'];
  return section(
    'targets',
    'Targets',
    'Active: the lease is committed. Clean: the gate is closed and no packet is hurt any more. Undone: drained and removed. Times since the start of the run.',
    rows.length === 0
      ? markup`<p>No target was selected.</p>`
      : markup`${table('Targets', heads, rows, [2, 3, 4])}${exposure(report)}`,
  );
}

function exposure({ exposure: records }: Report): Markup | undefined {
  if (records.length === 0) return undefined;
  const rows = records.map(({ hypothesis, target, packets }) => [hypothesis, target, formatCount(packets)]);
  return table("Exposure: packets of each hypothesis that met a target's fault", ['Hypothesis', 'Target', 'Packets'], rows, [2]);
}

export function abort({ report }: Evidence): Markup | undefined {
  const { abort: record } = report;
  if (!record) return undefined;
  const entries: [string, string][] = [
    ['Cause', record.cause],
    ...(record.signal === undefined ? [] : describeSignal(record.signal)),
    ...describeAbortTimes(record),
  ];
  return section('abort', 'Abort', '', facts(entries));
}

export function cleanUp({ report }: Evidence): Markup {
  const { residue, timings, reason, phases: records } = report;
  const rows = records.map(({ name, startedAt, endedAt, outcome }) => [
    name,
    markup`<time datetime="${startedAt}">${formatInstantForPeople(startedAt)}</time>`,
    formatSpan(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt))),
    outcome,
  ]);
  const entries: [string, string][] = [
    ['Residue', reason === 'Unfinished' ? `${String(residue)} at least; nobody counted` : String(residue)],
    ['Preflight', formatSpan(timings.preflight)],
    ['Inject', formatSpan(timings.inject)],
    ['Undo', formatSpan(timings.undo)],
  ];
  return section(
    'clean-up',
    'Timings and clean-up',
    'Residue is anything of ours that is left in a kernel after the run. It must be 0.',
    markup`${facts(entries)}${table('Phases', ['Phase', 'Started', 'Took', 'Outcome'], rows, [2])}`,
  );
}

/** Every stream's statistics in every phase: the text behind the charts. */
export function observations({ hypothesis }: Report): Markup {
  const rows = hypothesis.flatMap(({ name, phase, observed }) =>
    observed.map((observation) => [
      observation.stream,
      name,
      phase,
      formatCount(observation.sent),
      formatCount(observation.received),
      formatPercent(observation.lossPercent),
      ...(['rttMin', 'rttP50', 'rttP95', 'rttP99', 'rttMax', 'jitter'] as const).map((metric) =>
        observation[metric] === undefined ? '–' : describeMetricValue(metric, observation[metric]),
      ),
    ]),
  );
  const heads = ['Stream', 'Hypothesis', 'Phase', 'Sent', 'Answered', 'Loss', 'Min', 'p50', 'p95', 'p99', 'Max', 'Jitter'];
  return table('Statistics of every stream by phase; RTT of the answered probes', heads, rows, [3, 4, 5, 6, 7, 8, 9, 10, 11]);
}
