import type { EmbeddedResource } from './resources.ts';

/** What the paths above the resources answer; undefined: there is no such path. */
export function discover(path: string, resources: readonly EmbeddedResource[], processId: number): object | undefined {
  const groupVersions = [
    ...new Set(resources.map(({ apiVersion }) => apiVersion).filter((apiVersion) => apiVersion.includes('/'))),
  ];
  switch (path) {
    case '/healthz':
    case '/livez':
    case '/readyz':
      return { status: 'ok' };
    case '/version':
      // The API level that the subset is taken from; processId tells a second server who has the socket.
      return {
        major: '1',
        minor: '34',
        gitVersion: 'v1.34.0+squall-embedded',
        platform: `${process.platform}/${process.arch}`,
        processId,
      };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupVersions.map(describeGroup) };
  }
  const apiVersion = /^\/apis?\/(.+)$/.exec(path)?.[1];
  const served = resources.filter((resource) => resource.apiVersion === apiVersion);
  if (apiVersion === undefined || served.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources: served.flatMap(describeResource) };
}

function describeGroup(groupVersion: string): object {
  const [name, version] = groupVersion.split('/');
  return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
}

function describeResource({ plural, kind, namespaced, status }: EmbeddedResource): object[] {
  const base = { singularName: kind.toLowerCase(), namespaced, kind };
  return [
    { ...base, name: plural, verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] },
    ...(status ? [{ ...base, name: `${plural}/status`, verbs: ['get', 'patch', 'update'] }] : []),
  ];
}
