import { cleanText } from '../text.ts';

/** Text that is markup already. Only `markup` makes it, so all text from outside is escaped on its way in. */
export type Markup = { readonly html: string };

type Part = string | number | Markup | undefined | readonly Part[];

/**
 * Joins markup; every interpolated string is escaped for element content and for quoted attributes alike.
 * Not named `html`: Prettier would lay out what is between the backticks, and the page's policy counts every blank of its script.
 */
export function markup(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return { html: strings.reduce((html, text, index) => html + render(parts[index - 1]) + text) };
}

/** Our own style sheet and script: never text from outside. */
export function ownText(text: string): Markup {
  return { html: text };
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escapeHtml(part);
  return 'html' in part ? part.html : part.map(render).join('');
}

const htmlEntities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return cleanText(text).replace(/[&<>"']/g, (character) => htmlEntities[character] ?? '');
}
