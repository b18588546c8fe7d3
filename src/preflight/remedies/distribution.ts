/** Which system a node runs: what can be done about a missing module depends on it. Decides from what was read; reads nothing. */

export const distributions = [
  'debian',
  'ubuntu',
  'rhel',
  'amazon-linux',
  'bottlerocket',
  'flatcar',
  'cos',
  'talos',
  'wsl2',
  'kind',
  'minikube',
  'other',
] as const;
export type Distribution = (typeof distributions)[number];

export type SystemFacts = {
  /** The text of the node's os-release(5); absent where it could not be read. */
  osRelease: string | undefined;
  /** As uname(2) says it. */
  kernelRelease: string;
  /** Of `tellingPaths`, those that are on the node. */
  paths: readonly string[];
};

/** Folders by which nodes are known that run a common distribution inside: kind's images have the first, minikube's the second. */
export const tellingPaths = ['/kind', '/var/lib/minikube'] as const;

/** os-release's ID, or a word of its ID_LIKE, and what it is here. */
const idents: Record<string, Distribution> = {
  bottlerocket: 'bottlerocket',
  flatcar: 'flatcar',
  coreos: 'flatcar',
  cos: 'cos',
  talos: 'talos',
  amzn: 'amazon-linux',
  ubuntu: 'ubuntu',
  debian: 'debian',
  rhel: 'rhel',
  fedora: 'rhel',
  centos: 'rhel',
};

/**
 * What decides about the kernel comes first: a kind node with Debian inside has no Debian kernel, and of a distribution in WSL2 the kernel is
 * Microsoft's. minikube's container image is made from kind's, so its own mark counts before kind's.
 */
export function recogniseDistribution({ osRelease = '', kernelRelease, paths }: SystemFacts): Distribution {
  if (/microsoft.*wsl2/i.test(kernelRelease)) return 'wsl2';
  if (paths.includes('/var/lib/minikube')) return 'minikube';
  if (paths.includes('/kind')) return 'kind';
  const { ID: id = '', ID_LIKE: like = '' } = readOsRelease(osRelease);
  const known = [id, ...like.split(/\s+/)].map((one) => idents[one]).find((one) => one !== undefined);
  return known ?? 'other';
}

/** Its assignments, without quotes (os-release(5)). */
function readOsRelease(text: string): Partial<Record<string, string>> {
  const assignments = text.split('\n').flatMap((line) => {
    const [, name, value] = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.replace(/^(["'])(.*)\1$/, '$2')] as const];
  });
  return Object.fromEntries(assignments);
}
