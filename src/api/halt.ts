/** What the safety lever says, to whoever has to stop or to refuse: the same words from control, agents and commands. */
import type { Halt } from './kinds/network-halt.ts';
import { apiVersion, type KubeObject } from './metadata.ts';

/** As it is in a store: whoever reads it halts, whatever is in it. */
export type HaltObject = KubeObject<Partial<Halt>>;

export const networkHalts = { apiVersion, kind: 'NetworkHalt', plural: 'networkhalts', namespaced: false } as const;

/** The name that `squall halt` gives and `squall resume` takes. Any other halts as well. */
export const haltName = 'halt';

/** The reason of everything that ends, is refused or skipped because of it. */
export const haltReason = 'Halted';

/** Who halts, since when and why, of all levers that are pulled; undefined when none is. Pure. */
export function haltMessage(halts: readonly HaltObject[]): string | undefined {
  if (halts.length === 0) return undefined;
  const said = halts.map(describeHalt).sort();
  return `everything is halted ${said.join('; and ')}; 'squall resume' ends that`;
}

export function describeHalt({ metadata: { name, creationTimestamp }, spec }: HaltObject): string {
  const { by = 'somebody', reason = 'no reason given' } = isFilled(spec) ? spec : {};
  const since = creationTimestamp === undefined ? '' : ` since ${creationTimestamp}`;
  const object = name === haltName ? '' : ` (NetworkHalt ${name})`;
  return `by ${by}${since}: ${reason}${object}`;
}

/** An object that was written where nothing checked it may have no spec. */
function isFilled(spec: unknown): spec is Partial<Halt> {
  return typeof spec === 'object' && spec !== null;
}
