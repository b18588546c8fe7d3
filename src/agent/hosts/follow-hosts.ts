/** Host names among a fault's peers and exceptions: looked up before it is prepared, and again and again while it is active. */
import { codeOf, messageOf } from '../../lib/index.ts';
import type { HostLookupLine } from '../../probes/index.ts';
import type { AgentContext } from '../context.ts';
import { type FaultTarget, move, refuse } from '../target-state.ts';
import { isAborted, pause } from '../timing.ts';
import { learn, namesIn, nextLookupInMs } from './found-hosts.ts';

type Unknown = { host: string; error: string };

const describe = (unknown: readonly Unknown[]): string =>
  unknown.map(({ host, error }) => `host '${host}' has ${error}`).join('; ');

/** Why a fault with such names cannot be planned; undefined when every name was found. */
export function unresolved(unknown: readonly Unknown[]): string | undefined {
  return unknown.length === 0 ? undefined : `HostUnresolved: ${describe(unknown)}`;
}

function refusalOf(unknown: readonly Unknown[]): string | undefined {
  const reason = unresolved(unknown);
  if (reason === undefined) return undefined;
  return `${reason}; expected an address of each host as the target itself finds it, correct the name, or name the address as kind ip`;
}

/** Refuses the target, to which nothing was done yet, when a name has no address: nothing is ever hurt, or not spared, in its place. */
export async function lookUpFirst(context: AgentContext, target: FaultTarget, signal: AbortSignal): Promise<void> {
  const names = namesIn(target.ordered);
  if (names.length === 0 || target.namespace === undefined) return;
  try {
    const { found, unknown } = learn(target.hosts, await context.resolveHosts(target.namespace, names, signal));
    const message = refusalOf(unknown);
    if (message !== undefined) move(context, target, 'Refused', { reason: 'HostUnresolved', message });
    target.hosts = found;
  } catch (error) {
    if (!isAborted(signal)) refuse(context, target, error);
  }
}

export type HostFollowing = {
  signal: AbortSignal;
  /** Something else was found than before. */
  changed: () => void;
};

/** Ends with the signal, or soon after the target is no longer active. What was found last is kept where nothing is found any more. */
export async function followHosts(context: AgentContext, target: FaultTarget, following: HostFollowing): Promise<void> {
  const { signal, changed } = following;
  const names = namesIn(target.ordered);
  const isActive = () => !isAborted(signal) && target.status.phase === 'Active';
  let failures = 0;
  while (names.length > 0 && isActive()) {
    await pause(context.clock, nextLookupInMs(target.hosts, failures), signal);
    if (!isActive()) return;
    const lines = await linesOf(context, target, names, signal);
    if (!isActive()) return;
    const { found, unknown } = learn(target.hosts, lines);
    failures = unknown.length === 0 ? 0 : failures + 1;
    tell(context, target, unknown, failures);
    target.hosts = found;
    changed();
  }
}

async function linesOf(
  context: AgentContext,
  { namespace }: FaultTarget,
  names: readonly string[],
  signal: AbortSignal,
): Promise<HostLookupLine[]> {
  if (namespace === undefined) return [];
  try {
    return await context.resolveHosts(namespace, names, signal);
  } catch (error) {
    return names.map((host) => ({ host, error: `not been looked up: ${messageOf(error)} (${codeOf(error)})` }));
  }
}

/** Once when it begins, and once when it is over. */
function tell(context: AgentContext, target: FaultTarget, unknown: readonly Unknown[], failures: number): void {
  const facts = { fault: target.work.id, target: `${target.facts.namespace}/${target.facts.name}` };
  const { warnings = [], ...status } = target.status;
  if (failures === 1) {
    const warning = `HostUnresolved: ${facts.target}: ${describe(unknown)}; the addresses found before are kept`;
    context.log('warn', 'host names are not found any more; the addresses found before are kept', {
      ...facts,
      error: describe(unknown),
    });
    target.status = { ...status, warnings: [warning] };
  } else if (failures === 0 && warnings.length > 0) {
    context.log('info', 'host names are found again', facts);
    target.status = status;
  }
}
