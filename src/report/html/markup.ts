import { cleanText } from '../text.ts';

/** Text that is markup already. Only `html` makes it, so all text from outside is escaped on its way in. */
export type Markup = { readonly markup: string };

type Part = string | number | Markup | undefined | readonly Part[];

/** Joins markup; every interpolated string is escaped for element content and for quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return { markup: strings.reduce((markup, text, index) => markup + render(parts[index - 1]) + text) };
}

/** Our own style sheet and script: never text from outside. */
export function ownText(text: string): Markup {
  return { markup: text };
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escapeHtml(part);
  return 'markup' in part ? part.markup : part.map(render).join('');
}

const htmlEntities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return cleanText(text).replace(/[&<>"']/g, (character) => htmlEntities[character] ?? '');
}
