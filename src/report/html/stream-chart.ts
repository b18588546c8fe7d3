import type { HypothesisRecord } from '../../api/index.ts';
import { answeredRuns, type Column, columnsOf } from '../charts/columns.ts';
import { cut, type Frame } from '../charts/frame.ts';
import { linearScale, type Scale, secondStep } from '../charts/scale.ts';
import { describeMetric, describeMetricValue } from '../describe.ts';
import type { Stream } from '../evidence.ts';
import { type Limit, limitsOf } from '../limits.ts';
import { extent, height, left, loss, lossAxis, place, right, rtt, rttAxis, shading, timeAxis, width } from './axes.ts';
import { markup, type Markup } from './markup.ts';

/**
 * RTT and loss of one stream as an SVG picture, phases and fault shaded, tolerances as lines.
 * @param columns most columns to draw; more probes than that are thinned to each column's extremes
 */
export function streamChart(
  stream: Stream,
  id: string,
  frame: Frame,
  hypothesis: readonly HypothesisRecord[],
  columns: number,
): Markup {
  const { span } = frame;
  const x = linearScale([span.from, span.to], [left, right]);
  const drawn = columnsOf(stream.samples, span.from, span.to, columns);
  const limits = limitsOf(hypothesis, stream.hypothesis, stream.id);
  const most = drawn.reduce((greatest, column) => Math.max(greatest, column.greatest ?? 0), 0);
  const rttLimits = limits.filter(({ metric }) => metric.startsWith('rtt'));
  const near = rttLimits.map((limit) => limit.most).filter((limit) => most === 0 || limit <= 3 * most);
  const y = linearScale([0, Math.max(most, ...near, 0.001) * 1.15], [rtt.bottom, rtt.top]);
  const bars = lossBars(stream, frame);
  const lossLimits = limits.filter(({ isLoss }) => isLoss);
  const lossTop = Math.min(
    100,
    Math.max(1, ...bars.map(({ percent }) => percent), ...lossLimits.map((limit) => limit.most)) * 1.4,
  );
  const yLoss = linearScale([0, lossTop], [loss.bottom, loss.top]);
  return markup`<svg
    class="chart"
    viewBox="0 0 ${width} ${height}"
    role="img"
    tabindex="0"
    aria-labelledby="${id}-title ${id}-numbers"
    data-columns="${columnData(drawn, frame, x)}"
  >
    ${shading(frame, x)} ${rttAxis(y)} ${lossAxis(yLoss)} ${timeAxis(frame, x)}
    <text class="panel-name" x="${left}" y="${loss.top - 10}">Loss per ${bars[0]?.seconds ?? 1} s</text>
    ${answeredRuns(drawn).map((run) => rttRun(run, x, y))}
    ${drawn.filter(({ lost }) => lost > 0).map(({ at }) => lostMark(x.place(at)))}
    ${rttLimits.map((limit) => limitLine(limit, frame, x, y))}
    ${bars.filter(({ percent }) => percent > 0).map(({ from, to, percent }) => lossBar(x.place(from), x.place(to), yLoss.place(percent)))}
    ${lossLimits.map((limit) => limitLine(limit, frame, x, yLoss))}
    <line class="cursor" x1="-9" x2="-9" y1="${rtt.top}" y2="${loss.bottom}" />
  </svg>`;
}

/** Whether the chart shows extremes of columns instead of each probe. */
export function isThinned(stream: Stream, frame: Frame, columns: number): boolean {
  return columnsOf(stream.samples, frame.span.from, frame.span.to, columns).some(({ sent }) => sent > 1);
}

/** A band from least to greatest and a line through the means; a single probe is a dot. */
function rttRun(run: readonly Column[], x: Scale, y: Scale): Markup {
  const points = run.map(({ at, mean = 0 }) => `${place(x, at)} ${place(y, mean)}`);
  if (points.length === 1)
    return markup`<circle class="rtt-dot" cx="${place(x, run[0]?.at ?? 0)}" cy="${place(y, run[0]?.mean ?? 0)}" r="2" />`;
  const band =
    run.some(({ least = 0, greatest = 0 }) => greatest > least) &&
    [
      ...run.map(({ at, greatest = 0 }) => `${place(x, at)} ${place(y, greatest)}`),
      ...run.toReversed().map(({ at, least = 0 }) => `${place(x, at)} ${place(y, least)}`),
    ].join('L');
  return markup`${band === false ? undefined : markup`<path class="rtt-band" d="M${band}Z" />`}<path
      class="rtt-line"
      d="M${points.join('L')}"
    />`;
}

function lostMark(at: number): Markup {
  return markup`<path class="lost" d="M${at.toFixed(1)} ${rtt.bottom}v-9" />`;
}

/** A dashed line through its phase; a limit far above the chart is only named, with an arrow. */
function limitLine(limit: Limit, { span, phases }: Frame, x: Scale, y: Scale): Markup | undefined {
  const phase = phases.find(({ name }) => name === limit.phase);
  const inside = phase && cut(phase, span);
  if (!inside) return undefined;
  const above = limit.most > y.to;
  const words = `${above ? '↑ ' : ''}${describeMetric(limit.metric)} ≤ ${describeMetricValue(limit.metric, limit.most)}`;
  const roomy = Number(extent(x, inside.from, inside.to)) > 6.5 * words.length;
  const at = above ? y.place(y.to) + 16 : y.place(limit.most) - 5;
  const line = markup`<path class="limit" d="M${place(x, inside.from)} ${place(y, limit.most)}H${place(x, inside.to)}"><title>${words}</title></path>`;
  const name = markup`<text class="limit-name" x="${(x.place(inside.to) - 6).toFixed(1)}" y="${at.toFixed(1)}">${words}</text>`;
  return markup`${above ? undefined : line}${roomy ? name : undefined}`;
}

type LossBar = { from: number; to: number; percent: number; seconds: number };

function lossBars({ samples }: Stream, { span }: Frame): LossBar[] {
  const seconds = secondStep((span.to - span.from) / 1000, 160);
  const count = Math.max(1, Math.ceil((span.to - span.from) / 1000 / seconds));
  const end = span.from + count * seconds * 1000;
  return columnsOf(samples, span.from, end, count).map(({ at, sent, lost }) => {
    const from = span.from + Math.floor((at - span.from) / (seconds * 1000)) * seconds * 1000;
    return { from, to: Math.min(span.to, from + seconds * 1000), percent: (100 * lost) / sent, seconds };
  });
}

function lossBar(from: number, to: number, top: number): Markup {
  const barWidth = Math.max(1, to - from - 1).toFixed(1);
  return markup`<rect
    class="loss-bar"
    x="${from.toFixed(1)}"
    y="${top.toFixed(1)}"
    width="${barWidth}"
    height="${(loss.bottom - top).toFixed(1)}"
  />`;
}

/** For the pointer: place, seconds from the start, mean, least, greatest, sent, lost. */
function columnData(columns: readonly Column[], { zero }: Frame, x: Scale): string {
  const short = (value: number | undefined): number | null =>
    value === undefined ? null : Number(value.toFixed(value < 1 ? 3 : 2));
  return JSON.stringify(
    columns.map(({ at, mean, least, greatest, sent, lost }) => [
      Number(place(x, at)),
      Number(((at - zero) / 1000).toFixed(2)),
      short(mean),
      short(least),
      short(greatest),
      sent,
      lost,
    ]),
  );
}
