/** From a method and a path to what is asked for: pure. Paths are those of the Kubernetes API (API concepts, resource URIs). */
import type { Subresource } from './admission.ts';
import type { EmbeddedResource } from './resources.ts';
import { badRequest, notFound, type Outcome, refuse } from './status.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export type Route =
  | { verb: 'discover'; path: string }
  | { verb: 'list' | 'watch' | 'create'; resource: EmbeddedResource; namespace?: string; query: URLSearchParams }
  | {
      verb: 'get' | 'update' | 'patch' | 'delete';
      resource: EmbeddedResource;
      namespace?: string;
      name: string;
      subresource: Subresource;
      query: URLSearchParams;
    };

/** Query parameters that would change what a call does; ignoring one would do something else than was asked for. */
const unservedParameters = [
  'dryRun',
  'force',
  'sendInitialEvents',
  'resourceVersionMatch',
  'propagationPolicy',
  'orphanDependents',
];

export function readRoute(method: string, url: string, resources: readonly EmbeddedResource[]): Outcome<Route> {
  let parsed: URL;
  let parts: string[];
  try {
    parsed = new URL(url, 'http://embedded');
    parts = parsed.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return badRequest(`path '${url.slice(0, 253)}': expected a path of the Kubernetes API`);
  }
  const query = parsed.searchParams;
  const unserved = unservedParameters.find((parameter) => query.has(parameter));
  if (unserved !== undefined) return badRequest(`${unserved}: not served; leave it out`);

  const [root, ...rest] = parts;
  const apiVersion = root === 'api' ? rest[0] : `${rest[0] ?? ''}/${rest[1] ?? ''}`;
  const path = rest.slice(root === 'api' ? 1 : 2);
  if ((root !== 'api' && root !== 'apis') || path.length === 0) {
    if (method === 'GET') return { value: { verb: 'discover', path: `/${parts.join('/')}` } };
    return refuse(405, 'MethodNotAllowed', `${method} is not served here`);
  }
  // Below /namespaces/<name> there are namespaced objects, except for the status of the Namespace itself.
  const scoped = path[0] === 'namespaces' && path.length >= 3 && path[2] !== 'status';
  const namespace = scoped ? path[1] : undefined;
  const [plural = '', name, subresource, ...more] = scoped ? path.slice(2) : path;
  const resource = resources.find((candidate) => candidate.apiVersion === apiVersion && candidate.plural === plural);
  const known = subresource === undefined || (subresource === 'status' && resource?.status === true);
  if (resource === undefined || more.length > 0 || !known || (scoped && !resource.namespaced)) {
    return refuse(404, 'NotFound', `the server does not serve '/${parts.join('/')}'`);
  }
  if (name === undefined) return routeCollection(method, resource, namespace, query);
  if (resource.namespaced && !scoped) return notFound(resource.plural, name);
  const verb = verbOfMethod[method];
  if (verb === undefined || (subresource !== undefined && verb === 'delete'))
    return refuse(405, 'MethodNotAllowed', `${method} is not served on an object`);
  return { value: { verb, resource, namespace, name, subresource: subresource === 'status' ? 'status' : undefined, query } };
}

const verbOfMethod: Record<string, 'get' | 'update' | 'patch' | 'delete' | undefined> = {
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function routeCollection(
  method: string,
  resource: EmbeddedResource,
  namespace: string | undefined,
  query: URLSearchParams,
): Outcome<Route> {
  const watch = ['true', '1'].includes(query.get('watch') ?? '');
  if (method === 'GET') return { value: { verb: watch ? 'watch' : 'list', resource, namespace, query } };
  if (method === 'POST' && resource.namespaced === (namespace !== undefined))
    return { value: { verb: 'create', resource, namespace, query } };
  if (method === 'POST')
    return refuse(405, 'MethodNotAllowed', `create ${resource.kind} below /namespaces/<namespace>/${resource.plural}`);
  return refuse(405, 'MethodNotAllowed', `${method} is not served on a collection`);
}
