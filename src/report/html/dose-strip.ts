import type { DoseRecord } from '../../api/index.ts';
import { linearScale } from '../charts/scale.ts';
import { describeDose } from '../describe.ts';
import { markup, type Markup } from './markup.ts';

const width = 150;

/** A small picture of a dose: what was asked as a tick, what was measured as a dot on its interval; the axis starts at 0. */
export function doseStrip(dose: DoseRecord): Markup {
  const { requested, measured } = dose;
  const most = Math.max(requested.value, measured.high, measured.value, 0.001) * 1.15;
  const x = linearScale([0, most], [4, width - 4]);
  const low = x.place(measured.low);
  const extent = Math.max(2, x.place(measured.high) - low);
  return markup`<svg class="dose-strip" viewBox="0 0 ${width} 24" role="img" aria-label="${describeDose(dose)}">
    <path class="axis" d="M4 12H${width - 4}" />
    <rect
      class="dose-interval ${dose.ok ? 'good' : 'bad'}"
      x="${low.toFixed(1)}"
      y="8"
      width="${extent.toFixed(1)}"
      height="8"
      rx="2"
    />
    <path class="dose-asked" d="M${x.place(requested.value).toFixed(1)} 3V21" />
    <circle class="dose-measured ${dose.ok ? 'good' : 'bad'}" cx="${x.place(measured.value).toFixed(1)}" cy="12" r="4" />
  </svg>`;
}
