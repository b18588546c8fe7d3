import type { ContainerManifest, PodManifest, ServiceManifest } from './topology/schema.ts';

/** What the downward API can tell about a pod once it has a place. */
export type PodFacts = { uid: string; nodeName: string; podIPs: string[]; hostIPs: string[] };

export type PlacedService = { manifest: ServiceManifest; clusterIPs: string[] };

/**
 * The environment of a container: base, then service variables, then its own variables in their order, each of which may refer
 * to earlier ones as `$(NAME)`.
 * @param services all services of the lab; only those of the pod's namespace are told, as in Kubernetes
 */
export function containerEnvironment(
  pod: PodManifest,
  container: ContainerManifest,
  facts: PodFacts,
  services: readonly PlacedService[],
  base: Record<string, string>,
): Record<string, string> {
  const environment = { ...base, HOSTNAME: pod.metadata.name };
  if (pod.spec.enableServiceLinks) {
    const own = services.filter(({ manifest }) => manifest.metadata.namespace === pod.metadata.namespace);
    Object.assign(environment, ...own.map(serviceVariables));
  }
  for (const { name, value, valueFrom } of container.env) {
    const text = valueFrom === undefined ? expand(value ?? '', environment) : podField(pod, facts, valueFrom.fieldRef.fieldPath);
    Object.assign(environment, { [name]: text });
  }
  return environment;
}

/** The variables a kubelet sets for one service; a headless service has none. */
export function serviceVariables({ manifest, clusterIPs }: PlacedService): Record<string, string> {
  const [host] = clusterIPs;
  const [first] = manifest.spec.ports;
  if (host === undefined || first === undefined) return {};
  const prefix = variableName(manifest.metadata.name);
  const named = manifest.spec.ports.flatMap(({ name, port }) =>
    name === undefined ? [] : [[`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)] as const],
  );
  return { [`${prefix}_SERVICE_HOST`]: host, [`${prefix}_SERVICE_PORT`]: String(first.port), ...Object.fromEntries(named) };
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** Kubernetes' own expansion: `$(NAME)` when NAME is known, else left as it is; `$$` is a dollar sign. */
export function expand(text: string, environment: Record<string, string>): string {
  return text.replaceAll(/\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g, (match: string, name: string | undefined) => {
    if (name === undefined) return '$';
    return Object.hasOwn(environment, name) ? (environment[name] ?? match) : match;
  });
}

/** The value of a downward API field; the schema has let through no other paths. */
function podField(pod: PodManifest, facts: PodFacts, path: string): string {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript !== null) return pod.metadata[subscript[1] as 'labels' | 'annotations'][subscript[2] ?? ''] ?? '';
  const fields: Record<string, string> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': facts.uid,
    'spec.nodeName': facts.nodeName,
    'status.podIP': facts.podIPs[0] ?? '',
    'status.podIPs': facts.podIPs.join(','),
    'status.hostIP': facts.hostIPs[0] ?? '',
    'status.hostIPs': facts.hostIPs.join(','),
  };
  return fields[path] ?? '';
}
