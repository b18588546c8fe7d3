import { format, resolveConfig } from 'prettier';
import { type Distribution, distributions, type Lack, lacks, remedies } from '../../src/preflight/index.ts';

export const remediesFile = new URL('../../docs/remedies.md', import.meta.url);

const titles: Record<Distribution, string> = {
  debian: 'Debian',
  ubuntu: 'Ubuntu and its minimal images',
  rhel: 'RHEL, CentOS Stream, Rocky, Alma, Oracle Linux, Fedora',
  'amazon-linux': 'Amazon Linux',
  bottlerocket: 'Bottlerocket',
  flatcar: 'Flatcar Container Linux',
  cos: 'Container-Optimized OS (GKE)',
  talos: 'Talos',
  wsl2: 'WSL2',
  kind: 'kind',
  minikube: 'minikube',
  other: 'Everything else, and what the others do not say',
};

const lackWords: Record<Lack, string> = {
  module: 'a kernel module',
  nftables: 'nftables',
  'egress-hook': "nftables' egress hook",
  program: 'a program',
  'distribution-table': "netem's tables of distributions",
};

/** docs/remedies.md; the same for the same table. */
export async function remediesPage(): Promise<string> {
  const sections = distributions.map((distribution) => {
    const lines = lacks.flatMap((lack) => {
      const remedy = remedies[distribution][lack];
      return remedy === undefined ? [] : [`- **${lackWords[lack]}:** ${remedy.text}. ${sourcesOf(remedy.sources)}`];
    });
    return [`## ${titles[distribution]}`, '', ...lines, ''].join('\n');
  });
  const text = [head, ...sections].join('\n');
  return await format(text, { ...(await resolveConfig(remediesFile)), parser: 'markdown' });
}

const head = `<!-- Generated from src/preflight/remedies by \`npm run remedies\`; do not edit. -->

# What to do about what a node lacks

Preflight, \`squall doctor\` and this page say the same, from one table. Which row counts is told by the node's os-release, its kernel's name (WSL2) and
two folders (\`/kind\`, \`/var/lib/minikube\`), as the first process of the node sees them; in doubt it is the last section. Programs are those of
the agent's own container, where it is in one: what it says of them goes by that one's os-release.

In the texts \`{module}\` stands for the module, such as \`sch_netem\`; \`{load}\` for the command that loads it, such as \`modprobe sch_netem\` (of ifb it is
\`modprobe ifb numifbs=0\`: without that the module makes two devices of its own); \`{program}\` and \`{package}\` for a program and what has it.
`;

const sourcesOf = (sources: readonly string[]): string =>
  sources.length === 0 ? '(No source was read for this.)' : `Facts from ${sources.map((source) => `<${source}>`).join(', ')}`;
