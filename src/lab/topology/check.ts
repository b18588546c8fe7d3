import { selectorMatches } from '../../api/index.ts';
import type { Path, Problem, SourceObject } from './documents.ts';
import type {
  BudgetManifest,
  ContainerManifest,
  NamespaceManifest,
  PodManifest,
  ServiceManifest,
  SwitchManifest,
} from './schema.ts';

/** A manifest together with the place it was read from. */
export type Placed<Manifest> = { manifest: Manifest; problem: SourceObject['problem'] };

export type PlacedTopology = {
  namespaces: Placed<NamespaceManifest>[];
  pods: Placed<PodManifest>[];
  services: Placed<ServiceManifest>[];
  budgets: Placed<BudgetManifest>[];
  switches: Placed<SwitchManifest>[];
};

/** One bridge holds at most 1024 ports; a lab on one machine is out of processor time long before. */
export const mostPods = 500;
export const mostServices = 500;

/** What is wrong between manifests that are each fine by themselves. */
export function checkTopology({ namespaces, pods, services, budgets, switches }: PlacedTopology): Problem[] {
  return [
    ...duplicates(namespaces, 'Namespace', ({ metadata }) => metadata.name),
    ...duplicates(pods, 'Pod', ({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ...duplicates(services, 'Service', ({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ...duplicates(budgets, 'PodDisruptionBudget', ({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ...duplicates(switches, 'ConfigMap', ({ metadata }) => metadata.name),
    ...tooMany(pods, mostPods, 'pods'),
    ...tooMany(services, mostServices, 'services'),
    ...pods.flatMap(checkPod),
    ...services.flatMap((service) => checkService(service, pods)),
  ];
}

function duplicates<Manifest>(placed: Placed<Manifest>[], kind: string, nameOf: (manifest: Manifest) => string): Problem[] {
  const seen = new Set<string>();
  return placed.flatMap(({ manifest, problem }) => {
    const name = nameOf(manifest);
    if (seen.has(name)) return [problem(['metadata', 'name'], `${kind} ${name} is already defined in this file`)];
    seen.add(name);
    return [];
  });
}

function tooMany(placed: Placed<unknown>[], most: number, what: string): Problem[] {
  const first = placed[most];
  return first === undefined ? [] : [first.problem([], `${placed.length} ${what}: a lab takes at most ${most}`)];
}

function checkPod({ manifest, problem }: Placed<PodManifest>): Problem[] {
  const problems: Problem[] = [];
  const names = new Set<string>();
  const portNames = new Set<string>();
  for (const [index, container] of manifest.spec.containers.entries()) {
    const path: Path = ['spec', 'containers', index];
    if (names.has(container.name))
      problems.push(problem([...path, 'name'], `container ${container.name} is already defined in this pod`));
    names.add(container.name);
    for (const [portIndex, { name }] of container.ports.entries()) {
      if (name === undefined) continue;
      if (portNames.has(name))
        problems.push(problem([...path, 'ports', portIndex, 'name'], `port ${name} is already defined in this pod`));
      portNames.add(name);
    }
    problems.push(...checkProbe(container, path, problem));
  }
  return problems;
}

function checkProbe(container: ContainerManifest, path: Path, problem: SourceObject['problem']): Problem[] {
  const kind = container.readinessProbe?.httpGet === undefined ? 'tcpSocket' : 'httpGet';
  const port = container.readinessProbe?.[kind]?.port;
  if (typeof port !== 'string' || container.ports.some(({ name }) => name === port)) return [];
  return [
    problem([...path, 'readinessProbe', kind, 'port'], `"${port}" is not the name of a port of container ${container.name}`),
  ];
}

function checkService({ manifest, problem }: Placed<ServiceManifest>, pods: Placed<PodManifest>[]): Problem[] {
  const { ports, ipFamilies, ipFamilyPolicy } = manifest.spec;
  const problems: Problem[] = [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  if (new Set(ipFamilies).size !== ipFamilies.length) problems.push(problem(['spec', 'ipFamilies'], 'expected each family once'));
  if (ipFamilyPolicy === 'SingleStack' && ipFamilies.length > 1) {
    problems.push(problem(['spec', 'ipFamilyPolicy'], 'SingleStack needs ipFamilies with exactly one family'));
  }
  for (const [index, port] of ports.entries()) {
    const path: Path = ['spec', 'ports', index];
    if (ports.length > 1 && port.name === undefined)
      problems.push(problem(path, 'expected a name: a service with several ports names each'));
    if (port.name !== undefined && names.has(port.name))
      problems.push(problem([...path, 'name'], `port ${port.name} is already defined`));
    if (port.name !== undefined) names.add(port.name);
    const number = `${port.protocol} ${port.port}`;
    if (numbers.has(number)) problems.push(problem([...path, 'port'], `${number} is already defined in this service`));
    numbers.add(number);
    const { targetPort } = port;
    if (typeof targetPort !== 'string') continue;
    const selected = selectedPods(manifest, pods);
    if (selected.length > 0 && !selected.some((pod) => containerPortOf(pod, targetPort) !== undefined)) {
      problems.push(
        problem([...path, 'targetPort'], `"${targetPort}" is not the name of a port of any pod that the service selects`),
      );
    }
  }
  return problems;
}

export function selectedPods(service: ServiceManifest, pods: Placed<PodManifest>[]): PodManifest[] {
  return pods.map(({ manifest }) => manifest).filter((pod) => selects(service, pod));
}

export function selects(service: ServiceManifest, pod: PodManifest): boolean {
  const sameNamespace = pod.metadata.namespace === service.metadata.namespace;
  return sameNamespace && selectorMatches({ matchLabels: service.spec.selector }, pod.metadata.labels);
}

/** The number of a pod's port given by number or name; undefined when the pod has no port of that name. */
export function containerPortOf(pod: PodManifest, reference: number | string): number | undefined {
  if (typeof reference === 'number') return reference;
  return pod.spec.containers.flatMap(({ ports }) => ports).find(({ name }) => name === reference)?.containerPort;
}
