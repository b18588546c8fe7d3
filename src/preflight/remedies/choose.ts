/** The remedy for one lack on one node, in words. */
import type { Distribution } from './distribution.ts';
import { packageOf } from './packages.ts';
import { type Lack, remedies, type Remedy } from './table.ts';

/** Where Squall's agent runs. */
export type System = {
  /** Of the node and its kernel. */
  distribution: Distribution;
  /** Where the programs come from that the agent starts: the same, or what its container's image was made from. */
  programs: Distribution;
  /** The agent is seen to be in a container. */
  contained: boolean;
};

/** Nothing is known of it. */
export const unknownSystem: System = { distribution: 'other', programs: 'other', contained: false };

/** A module and how it is loaded; the first where loading it needs more than its name. */
export type NeededModule = { name: string; load?: string };

export function moduleRemedy({ name, load = `modprobe ${name}` }: NeededModule, { distribution }: System): string {
  return fill(remedyOf('module', distribution), { module: name, load });
}

/** Of what no module or program stands for. */
export function remedyFor(lack: 'nftables' | 'egress-hook', { distribution }: System): string {
  return remedyOf(lack, distribution).text;
}

export function programRemedy(program: string, system: System): string {
  return ofPackage('program', program, system);
}

export function distributionTableRemedy(system: System): string {
  return ofPackage('distribution-table', 'tc', system);
}

function ofPackage(lack: 'program' | 'distribution-table', program: string, { programs, contained }: System): string {
  const text = fill(remedyOf(lack, programs), { program, package: packageOf(program, programs) });
  return contained ? `${text}; it is missing in the image of the container that this runs in, not on the node` : text;
}

export function remedyOf(lack: Lack, distribution: Distribution): Remedy {
  return remedies[distribution][lack] ?? remedies.other[lack];
}

function fill({ text }: Remedy, words: Record<string, string>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole);
}
