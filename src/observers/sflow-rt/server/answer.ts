/** What goes out over HTTP. */
import { codeOf, errorFacts, messageOf } from '../../../lib/index.ts';

export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: string };

export function jsonAnswer(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

export function textAnswer(text: string): Answer {
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: text };
}

export const noContent: Answer = { status: 204, headers: {}, body: '' };

export function errorAnswer(error: unknown): Answer {
  const code = codeOf(error);
  const status = errorFacts(code).http;
  return jsonAnswer({ code, message: messageOf(error) }, status, status === 503 ? { 'retry-after': '1' } : {});
}
