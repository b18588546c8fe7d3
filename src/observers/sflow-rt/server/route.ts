/** What is served, and to which method: a path's pattern, the query it takes, and what answers it. */
import { SquallError } from '../../../lib/index.ts';
import { type Attributes, shown } from '../attributes.ts';
import { type Answer, jsonAnswer } from './answer.ts';

export type Method = 'GET' | 'PUT' | 'DELETE';

export type Asked = {
  /** The path's parts that the pattern leaves open, in their order. */
  parts: readonly string[];
  query: URLSearchParams;
  /** Of a PUT. */
  body: Attributes;
  /** Fires when the client is gone, or the server closes. */
  signal: AbortSignal;
};

export type Route = {
  /** `*` is any one part. */
  pattern: string;
  query?: readonly string[];
  methods: Partial<Record<Method, (asked: Asked) => Answer | Promise<Answer>>>;
};

export type Found = { route: Route; parts: readonly string[]; query: URLSearchParams };

/** jQuery's, against caches. */
const ignoredQuery = '_';

/** @throws NotFound, InvalidInput of a path that is none and of what its query may not have */
export function findRoute(routes: readonly Route[], url: string): Found {
  const { path, query } = readUrl(url);
  for (const route of routes) {
    const parts = matched(route.pattern.split('/').slice(1), path);
    if (parts === undefined) continue;
    const known = route.query ?? [];
    const unknown = [...query.keys()].find((name) => name !== ignoredQuery && !known.includes(name));
    if (unknown === undefined) return { route, parts, query };
    const expected = known.length === 0 ? 'no query' : `one of ${known.join(', ')}`;
    throw new SquallError('InvalidInput', `query ${shown(unknown)} of ${route.pattern}: expected ${expected}`);
  }
  const patterns = routes.map(({ pattern }) => pattern).join(', ');
  throw new SquallError('NotFound', `there is no ${shown(`/${path.join('/')}`)} here; there are ${patterns}`);
}

/** A path that is served, but not to this method. */
export function refuseMethod({ pattern, methods }: Route, method: string): Answer {
  const allowed = Object.keys(methods).join(', ');
  const message = `${pattern} answers ${allowed}, and the request is a ${method.slice(0, 20)}`;
  return jsonAnswer({ code: 'InvalidInput', message }, 405, { allow: allowed });
}

function readUrl(url: string): { path: string[]; query: URLSearchParams } {
  try {
    const { pathname, searchParams } = new URL(url, 'http://sflow-rt');
    return { path: pathname.split('/').slice(1).map(decodeURIComponent), query: searchParams };
  } catch (cause) {
    throw new SquallError('InvalidInput', `path ${shown(url)}: expected a path such as /flow/json`, { cause });
  }
}

function matched(pattern: readonly string[], path: readonly string[]): string[] | undefined {
  if (pattern.length !== path.length) return undefined;
  const isMatch = pattern.every((part, index) => part === '*' || part === path[index]);
  return isMatch ? path.filter((_part, index) => pattern[index] === '*') : undefined;
}
