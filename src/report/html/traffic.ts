import { type Phase, phases, type PhaseTraffic, type Report, type TrafficAmount } from '../../api/index.ts';
import type { Evidence } from '../evidence.ts';
import { describeFrames, describeTraffic, describeWork, framesErrorPercent } from '../traffic/words.ts';
import { formatCount, formatPercent, formatSpan } from '../text.ts';
import { type Cell, facts, section, table } from './blocks.ts';
import { markup, type Markup } from './markup.ts';
import { trafficBar } from './traffic-bar.ts';

type SeenTraffic = NonNullable<Report['traffic']>[number];

const titles = { targets: 'Targets', others: 'Others (collateral)', amplification: 'Amplification' } as const;

/** Only where a monitor observed: most runs have none. */
export function traffic({ report }: Evidence): Markup | undefined {
  if (report.traffic === null) return undefined;
  return section(
    'traffic',
    'Traffic on the network',
    'What sampled packets say, apart from the probes: of the targets, of all others, and how many connections were tried for each megabyte of payload that got through.',
    markup`${report.traffic.map(ofMonitor)}`,
  );
}

function ofMonitor({ monitor, traffic: seen, change }: SeenTraffic): Markup {
  return markup`<h3>${monitor}</h3>
    ${facts(describeTraffic(change).map(({ about, text }) => [titles[about], text]))} ${byPhase(seen.phases)} ${flows(seen.phases)}`;
}

function byPhase(seen: readonly PhaseTraffic[]): Markup {
  const rateOf = ({ seconds }: PhaseTraffic, { frames }: TrafficAmount): number => (seconds > 0 ? frames / seconds : 0);
  const rates = seen.flatMap((phase) => [rateOf(phase, phase.targets), rateOf(phase, phase.others)]);
  const most = Math.max(0, ...rates);
  const rate = (phase: PhaseTraffic, amount: TrafficAmount): Cell => {
    const figure = `${describeFrames(rateOf(phase, amount))} frames/s`;
    return markup`${figure}${errorOf(amount)} ${trafficBar(rateOf(phase, amount), most, figure)}`;
  };
  const rows = seen.map((phase) => [
    phase.phase,
    formatSpan(phase.seconds * 1000),
    rate(phase, phase.targets),
    rate(phase, phase.others),
    describeWork(attemptsPerMegabyte(phase.targets)),
    formatCount(phase.targets.samples + phase.others.samples),
  ]);
  const heads = ['Phase', 'Watched', 'Targets', 'Others', 'Attempts per MB', 'Samples'];
  return table('Traffic by phase; ± is the 95 % error of sampling', heads, rows, [1, 4, 5]);
}

function errorOf(amount: TrafficAmount): string {
  const error = framesErrorPercent(amount);
  return error === undefined ? '' : ` ± ${formatPercent(error)}`;
}

const attemptsPerMegabyte = ({ connectionAttempts, payloadBytes }: TrafficAmount): number | null =>
  payloadBytes > 0 ? (connectionAttempts * 1_000_000) / payloadBytes : null;

function flows(seen: readonly PhaseTraffic[]): Markup | undefined {
  const names = [...new Set(seen.flatMap(({ targetFlows }) => targetFlows.map(({ flow }) => flow)))];
  if (names.length === 0) return undefined;
  const rateIn = (phase: Phase, name: string): number | undefined =>
    seen.find((one) => one.phase === phase)?.targetFlows.find(({ flow }) => flow === name)?.framesPerSecond;
  const mostOf = (name: string): number => Math.max(0, ...phases.map((phase) => rateIn(phase, name) ?? 0));
  const ordered = names.toSorted((one, other) => mostOf(other) - mostOf(one));
  const most = Math.max(0, ...ordered.map(mostOf));
  const cell = (phase: Phase, name: string): Cell => {
    const rate = rateIn(phase, name);
    if (rate === undefined) return markup`<span class="quiet">not among the largest</span>`;
    const figure = describeFrames(rate);
    return markup`${figure} ${trafficBar(rate, most, `${figure} frames/s`)}`;
  };
  const rows = ordered.map((name) => [name, ...phases.map((phase) => cell(phase, name))]);
  return table("The targets' largest flows, in frames/s", ['Flow', ...phases], rows);
}
