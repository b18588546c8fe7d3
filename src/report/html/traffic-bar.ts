import { linearScale } from '../charts/scale.ts';
import { markup, type Markup } from './markup.ts';

const width = 110;

/** A figure as a bar from 0, on the scale of all bars that it is compared with. @param words what somebody is told who does not see it */
export function trafficBar(value: number, most: number, words: string): Markup {
  const length = linearScale([0, most], [0, width]).place(value);
  return markup`<svg class="traffic-strip" viewBox="0 0 ${width} 12" role="img" aria-label="${words}">
    <rect class="traffic-bar" x="0" y="1" width="${Math.min(width, length).toFixed(1)}" height="10" rx="2" />
  </svg>`;
}
