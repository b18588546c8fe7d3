import { cut, type Frame } from '../charts/frame.ts';
import { type Scale, secondStep, ticks } from '../charts/scale.ts';
import { formatCount, formatPercent } from '../text.ts';
import { markup, type Markup } from './markup.ts';

/** Both panels of a stream lie over one time axis: RTT above, loss below. In units of the picture, about a pixel each. */
export const width = 1040;
export const left = 64;
export const right = width - 18;
export const rtt = { top: 34, bottom: 224 };
export const loss = { top: 262, bottom: 322 };
export const height = 352;

/** Upper and lower edge. */
type Panel = { top: number; bottom: number };

export function shading({ span, phases, fault }: Frame, x: Scale): Markup {
  const faultInside = fault && cut(fault, span);
  const insidePhases = phases.flatMap((phase) => cut(phase, span) ?? []);
  const boxOf = (panel: Panel, from: number, to: number, name: string): Markup =>
    markup`<rect
      class="${name}"
      x="${place(x, from)}"
      y="${panel.top}"
      width="${extent(x, from, to)}"
      height="${panel.bottom - panel.top}"
    />`;
  return markup`${[rtt, loss].map((panel) => boxOf(panel, span.from, span.to, 'panel'))}
  ${insidePhases.map(({ name, from, to }) => [rtt, loss].map((panel) => boxOf(panel, from, to, `phase phase-${name}`)))}
  ${faultInside && [rtt, loss].map((panel) => boxOf(panel, faultInside.from, faultInside.to, 'fault'))}
  ${
    faultInside &&
    markup`<path
      class="fault-edge"
      d="M${place(x, faultInside.from)} ${loss.bottom}V${rtt.top - 4}H${place(x, faultInside.to)}V${loss.bottom}"
    />`
  }
  ${insidePhases
    .filter(({ name, from, to }) => Number(extent(x, from, to)) > 7.5 * name.length)
    .map(
      ({ name, from, to }) =>
        markup`<text class="phase-name" x="${place(x, (from + to) / 2)}" y="${rtt.top - 12}">${name}</text>`,
    )}`;
}

export function rttAxis(y: Scale): Markup {
  return markup`<text class="panel-name" x="4" y="${rtt.top - 12}">RTT ms</text> ${ticks(y.to, 5).map(
    (value) =>
      markup`<path class="grid" d="M${left} ${place(y, value)}H${right}" />
          <text class="tick" x="${left - 8}" y="${(y.place(value) + 4).toFixed(1)}">${value < 1000 ? String(value) : formatCount(value)}</text>`,
  )}`;
}

export function lossAxis(y: Scale): Markup {
  return markup`${ticks(y.to, 2).map(
    (value) =>
      markup`<path class="grid" d="M${left} ${place(y, value)}H${right}" />
        <text class="tick" x="${left - 8}" y="${(y.place(value) + 4).toFixed(1)}">${formatPercent(value)}</text>`,
  )}`;
}

export function timeAxis({ span, zero }: Pick<Frame, 'span' | 'zero'>, x: Scale, y = loss.bottom): Markup {
  const step = secondStep((span.to - span.from) / 1000, 12);
  const first = Math.ceil((span.from - zero) / 1000 / step);
  const last = Math.floor((span.to - zero) / 1000 / step);
  const seconds = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
  const unit = step >= 60 ? { name: 'min', seconds: 60 } : { name: 's', seconds: 1 };
  return markup`${seconds.map((second) => {
    const at = place(x, zero + second * 1000);
    return markup`<path class="axis" d="M${at} ${y}v5" /><text class="tick-time" x="${at}" y="${y + 19}">${second / unit.seconds} ${unit.name}</text>`;
  })}`;
}

export function place(scale: Scale, value: number): string {
  return scale.place(value).toFixed(1);
}

export function extent(scale: Scale, from: number, to: number): string {
  return Math.max(0.8, scale.place(to) - scale.place(from)).toFixed(1);
}
