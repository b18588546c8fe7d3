import { type HypothesisRecord, phases } from '../../api/index.ts';
import { type Frame, measuredFrame } from '../charts/frame.ts';
import { describeMetricValue } from '../describe.ts';
import type { Evidence, Stream } from '../evidence.ts';
import { observationOf } from '../limits.ts';
import { formatCount, formatPercent, plural } from '../text.ts';
import { markup, type Markup } from './markup.ts';
import { observations } from './sections.ts';
import { isThinned, streamChart } from './stream-chart.ts';
import { folded, section } from './blocks.ts';

/** So many charts at most, and so many columns in all of them: what keeps a page of any journal below 2 MB. */
const mostCharts = 24;
const mostColumns = 4800;

export function measurements({ report, streams }: Evidence): Markup {
  if (streams.length === 0)
    return section('measurements', 'Measurements', '', markup`<p>No probe was sent before the run ended.</p>`);
  const shown = worstFirst(streams, report.hypothesis).slice(0, mostCharts);
  const columns = Math.min(640, Math.floor(mostColumns / shown.length));
  const frame = measuredFrame(report, streams);
  const more = streams.length - shown.length;
  return section(
    'measurements',
    'Measurements',
    'Round-trip time and loss of every stream of probes. Point at a chart, or focus it and use the arrow keys, to read its values.',
    markup`${legend()}${shown.map((stream, index) => figure(stream, `stream-${String(index)}`, frame, report.hypothesis, columns))}
    ${more > 0 ? markup`<p class="note">The ${mostCharts} worst streams are drawn; ${plural(more, 'more stream')} in the table below and in journal.jsonl.</p>` : undefined}
    ${report.hypothesis.length > 0 ? folded('All figures', observations(report)) : undefined}`,
  );
}

function figure(stream: Stream, id: string, frame: Frame, hypothesis: readonly HypothesisRecord[], columns: number): Markup {
  const lost = stream.samples.filter(([, rtt]) => rtt === null).length;
  const numbers = phases.flatMap((phase) => {
    const record = hypothesis.find((candidate) => candidate.name === stream.hypothesis && candidate.phase === phase);
    const observation = observationOf(record, stream.id);
    if (!observation) return [];
    const { rttP50, rttP95, lossPercent } = observation;
    return `${phase}: p50 ${describeMetricValue('rttP50', rttP50)}, p95 ${describeMetricValue('rttP95', rttP95)}, loss ${formatPercent(lossPercent)}`;
  });
  const thinned = isThinned(stream, frame, columns)
    ? ` ${formatCount(stream.samples.length)} probes are drawn as the least, mean and greatest of each of ${formatCount(columns)} columns.`
    : '';
  return markup`<figure class="stream">
    <h3 id="${id}-title">${stream.id}</h3>
    <p class="quiet">${stream.hypothesis} · ${plural(stream.samples.length, 'probe')}, ${formatCount(lost)} lost</p>
    <div class="scroll chart-box">
      ${streamChart(stream, id, frame, hypothesis, columns)}
      <div class="tip" role="status" hidden></div>
    </div>
    <figcaption id="${id}-numbers">
      ${numbers.map((words) => markup`<span class="per-phase">${words}</span> `)}${thinned}
    </figcaption>
  </figure>`;
}

/** Streams of hypotheses that were violated, then by loss, then by their slowest answer. */
function worstFirst(streams: readonly Stream[], hypothesis: readonly HypothesisRecord[]): Stream[] {
  const violated = new Set(hypothesis.filter(({ outcome }) => outcome === 'violated').map(({ name }) => name));
  const badness = streams.map((stream) => ({
    stream,
    violated: violated.has(stream.hypothesis) ? 1 : 0,
    lost: stream.samples.filter(([, rtt]) => rtt === null).length / Math.max(1, stream.samples.length),
    slowest: stream.samples.reduce((most, [, rtt]) => Math.max(most, rtt ?? 0), 0),
  }));
  badness.sort((a, b) => b.violated - a.violated || b.lost - a.lost || b.slowest - a.slowest);
  return badness.map(({ stream }) => stream);
}

function legend(): Markup {
  const entry = (drawing: Markup, words: string): Markup =>
    markup`<li><svg viewBox="0 0 28 14" aria-hidden="true">${drawing}</svg>${words}</li>`;
  return markup`<ul class="legend">
    ${entry(markup`<path class="rtt-line" d="M1 9L9 5L18 8L27 4" />`, 'RTT')}
    ${entry(markup`<rect class="rtt-band" x="1" y="3" width="26" height="8" />`, 'least to greatest')}
    ${entry(markup`<path class="lost" d="M14 12v-9" />`, 'lost probe')}
    ${entry(markup`<rect class="loss-bar" x="9" y="3" width="10" height="10" />`, 'loss')}
    ${entry(markup`<path class="limit" d="M1 7H27" />`, 'tolerance')}
    ${entry(markup`<rect class="fault" x="1" y="1" width="26" height="12" /><path class="fault-edge" d="M1 13V1H27V13" />`, 'fault active')}
  </ul>`;
}
