/** Whether targets find the host names of a fault, before there is one. */
import type { PreflightCheck } from '../../api/index.ts';
import { messageOf, SquallError } from '../../lib/index.ts';
import type { HostFacts } from '../../preflight/index.ts';
import type { AgentContext } from '../context.ts';
import { findAndPin } from '../namespaces/pod-namespaces.ts';
import { learn } from './found-hosts.ts';
import type { HostResolver } from './resolver.ts';

/** So many lookups that found nothing are enough to know, and more would take longer than anybody waits. */
const mostFailures = 4;
/** As many as are looked up at once. */
const batch = 4;

/**
 * The same names of the same pod are looked up once, however many checks ask for them. After 4 targets that did not find a name it rejects with
 * Unavailable for every other.
 */
export function lookUpOnce(resolve: HostResolver): HostResolver {
  const asked = new Map<string, ReturnType<HostResolver>>();
  let failures = 0;
  const count = () => {
    failures += 1;
  };
  return (namespace, hosts, signal) => {
    const key = JSON.stringify([namespace.podUid, ...[...hosts].sort()]);
    const before = asked.get(key);
    if (before !== undefined) return before;
    if (failures >= mostFailures) {
      return Promise.reject(new SquallError('Unavailable', `${String(failures)} other targets did not find it either`));
    }
    const answers = resolve(namespace, hosts, signal);
    answers.then((lines) => {
      if (lines.some((line) => 'error' in line)) count();
    }, count);
    asked.set(key, answers);
    return answers;
  };
}

/** What could not be looked up has failed for every name. */
export async function lookUpOnTargets(
  { namespaces, kernel, resolveHosts }: Pick<AgentContext, 'namespaces' | 'kernel' | 'resolveHosts'>,
  { podUids, hosts }: Extract<PreflightCheck, { check: 'hosts' }>,
  signal: AbortSignal,
): Promise<HostFacts[]> {
  const lookUp = async (podUid: string): Promise<HostFacts> => {
    try {
      const namespace = await findAndPin(namespaces, podUid, kernel);
      if (namespace === undefined) throw new SquallError('NotFound', 'the pod has no network namespace on this node');
      return { podUid, unknown: learn(new Map(), await resolveHosts(namespace, hosts, signal)).unknown };
    } catch (error) {
      return { podUid, unknown: hosts.map((host) => ({ host, error: `not been looked up: ${messageOf(error)}` })) };
    }
  };
  const facts: HostFacts[] = [];
  for (let from = 0; from < podUids.length; from += batch) {
    facts.push(...(await Promise.all(podUids.slice(from, from + batch).map(lookUp))));
  }
  return facts;
}
