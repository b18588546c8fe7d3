import type { TargetRecord } from '../../api/index.ts';
import { type Frame, type NamedSpan, runFrame } from '../charts/frame.ts';
import { linearScale, type Scale } from '../charts/scale.ts';
import type { Evidence } from '../evidence.ts';
import { formatSpan, plural, shorten } from '../text.ts';
import { timeAxis } from './axes.ts';
import { markup, type Markup } from './markup.ts';

const width = 1040;
const left = 190;
const right = width - 18;
const bar = { top: 34, height: 34 };
const lane = { first: 84, height: 22 };
const mostLanes = 12;

/** The phases of the run as one bar, and below it when each target was hurt and when it was undone. */
export function timeline({ report }: Evidence): Markup {
  const frame = runFrame(report);
  const x = linearScale([frame.span.from, frame.span.to], [left, right]);
  const active = report.targets.filter(({ activeAt }) => activeAt !== undefined);
  const lanes = active.slice(0, mostLanes);
  const bottom = lane.first + lanes.length * lane.height + 4;
  const spoken = frame.phases.map(({ name, from, to }) => `${name} ${formatSpan(to - from)}`).join(', ');
  const left_out = active.length - lanes.length;
  return markup`<figure>
    <div class="scroll">
      <svg viewBox="0 0 ${width} ${bottom + 28}" role="img" aria-labelledby="timeline-text">
        ${phaseBars(frame, x)} ${lanes.map((target, index) => targetLane(target, frame, x, lane.first + index * lane.height))}
        ${report.abort ? abortMark(Date.parse(report.abort.at), x, bottom) : undefined}
        <path class="axis" d="M${left} ${bottom}H${right}" />
        ${timeAxis(frame, x, bottom)}
      </svg>
    </div>
    <figcaption id="timeline-text">
      Phases: ${spoken === '' ? 'none was begun' : spoken}.
      ${lanes.length > 0 ? 'Below, for each target: the fault held (filled), then the removal of what was left of it (outlined).' : ''}
      ${left_out > 0 ? `${plural(left_out, 'more target')} in the table of targets.` : ''}
    </figcaption>
  </figure>`;
}

/** Short phases have no room for their name; theirs stand above the bar, where they do not cover each other. */
function phaseBars({ phases }: Frame, x: Scale): Markup {
  const placed = phases.map(({ name, from, to }: NamedSpan) => {
    const start = x.place(from);
    const extent = Math.max(1.5, x.place(to) - start);
    return { name, start, extent, middle: start + extent / 2, label: 8 * name.length, took: formatSpan(to - from) };
  });
  const outside = placed.filter(({ extent, label }) => extent <= label + 8);
  const starts = spread(outside.map(({ middle, label }) => ({ start: middle - label / 2, extent: label })));
  return markup`<text class="lane-name" x="${left - 12}" y="${bar.top + 22}">phase</text> ${placed.map(
    ({ name, start, extent, took }) =>
      markup`<rect
          class="bar bar-${name}"
          x="${start.toFixed(1)}"
          y="${bar.top}"
          width="${extent.toFixed(1)}"
          height="${bar.height}"><title>${name}: ${took}</title></rect>`,
  )}
    ${placed
      .filter((phase) => !outside.includes(phase))
      .map(({ name, middle }) => markup`<text class="bar-name" x="${middle.toFixed(1)}" y="${bar.top + 22}">${name}</text>`)}
    ${outside.map(({ name, middle, label }, index) => {
      const start = starts[index] ?? 0;
      const elbow = Math.min(Math.max(middle, start + 4), start + label - 12);
      return markup`<text class="bar-name-outside" x="${start.toFixed(1)}" y="${bar.top - 14}">${name}</text>
        <path class="axis" d="M${middle.toFixed(1)} ${bar.top}L${elbow.toFixed(1)} ${bar.top - 10}" />`;
    })}`;
}

/** Moves labels to the right until none covers another, then to the left until all are on the page. */
function spread(labels: readonly { start: number; extent: number }[]): number[] {
  const gap = 6;
  let free = 0;
  const starts = labels.map(({ start, extent }) => {
    const own = Math.max(start, free);
    free = own + extent + gap;
    return own;
  });
  let end = width;
  for (let index = labels.length - 1; index >= 0; index -= 1) {
    const own = Math.min(starts[index] ?? 0, end - (labels[index]?.extent ?? 0));
    starts[index] = own;
    end = own - gap;
  }
  return starts;
}

function targetLane(
  { namespace, name, activeAt = '', cleanAt, undoneAt }: TargetRecord,
  { span }: Frame,
  x: Scale,
  top: number,
): Markup {
  const from = Date.parse(activeAt);
  const clean = cleanAt === undefined ? span.to : Date.parse(cleanAt);
  const undone = undoneAt === undefined ? clean : Date.parse(undoneAt);
  const box = (kind: string, start: number, end: number): Markup =>
    markup`<rect
      class="${kind}"
      x="${x.place(start).toFixed(1)}"
      y="${top}"
      width="${Math.max(1.5, x.place(end) - x.place(start)).toFixed(1)}"
      height="12"
      rx="2"
    />`;
  const words =
    cleanAt === undefined
      ? 'not known to be clean'
      : `hurt for ${formatSpan(clean - from)}, undone ${formatSpan(undone - clean)} later`;
  return markup`<g
    ><title>${namespace}/${name}: ${words}</title>
    <text class="lane-name" x="${left - 12}" y="${top + 10}">${shorten(`${namespace}/${name}`, 26)}</text>
    ${box('lane-removal', clean, undone)}${box(cleanAt === undefined ? 'lane-open' : 'lane-fault', from, clean)}</g>`;
}

function abortMark(at: number, x: Scale, bottom: number): Markup {
  const place = x.place(at);
  const anchor = place > (left + right) / 2 ? 'abort-name-left' : 'abort-name';
  return markup`<path class="abort-line" d="M${place.toFixed(1)} ${bar.top - 8}V${bottom}" />
    <text class="${anchor}" x="${(place + (anchor === 'abort-name' ? 6 : -6)).toFixed(1)}" y="${bottom - 4}">abort</text>`;
}
