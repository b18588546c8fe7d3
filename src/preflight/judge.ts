import type { CheckResult } from '../api/index.ts';
import { capabilityTrials, remedyOfCapability, type TrialOutcome } from './capabilities.ts';
import { firstFew } from '../lib/index.ts';
import { type CheckOf, type TargetFinding, tellTargets } from './check-of.ts';
import { queueWarning, type QueueRoom } from './queue-room.ts';
import { distributionTableRemedy, programRemedy, type System } from './remedies/choose.ts';
import { trialWords } from './trial-words.ts';

export function judgeCapability(check: CheckOf<'capability'>, outcome: TrialOutcome, system: System): CheckResult {
  const { capability } = check;
  const { program, expected } = capabilityTrials[capability];
  if (outcome.ok) return { check, ok: true, expected, found: `${program} did it in a scratch namespace`, remedy: '' };
  const found = trialWords(capability, outcome);
  return { check, ok: false, expected, found, remedy: remedyOfCapability(capability, system) };
}

/** @param path where the tool is, if anywhere */
export function judgeTool(check: CheckOf<'tool'>, path: string | undefined, system: System): CheckResult {
  const expected = `the program '${check.tool}' is installed`;
  if (path !== undefined) return { check, ok: true, expected, found: path, remedy: '' };
  return { check, ok: false, expected, found: 'not in PATH', remedy: programRemedy(check.tool, system) };
}

/** What is in a target's namespace; undefined where the namespace itself is missing. */
export type DeviceFacts = {
  devices: string[];
  /** Root queueing disciplines of the device, as tc names them; handle `0:` is the kernel's own default. */
  roots: { kind: string; handle: string }[];
};

/** Ours, kept by another fault on the same target; the planner composes with it. */
const ownRoot = { kind: 'prio', handle: 'fa17:' };

export function judgeDevice(check: CheckOf<'device'>, facts: DeviceFacts | undefined): CheckResult {
  const queue = check.direction === 'ingress' ? '' : ', with a root queueing discipline that can be replaced and restored';
  const expected = `device ${check.device} exists in pod ${check.podUid}${queue}`;
  const refuse = (found: string, remedy: string): CheckResult => ({ check, ok: false, expected, found, remedy });
  if (facts === undefined) return refuse('the pod has no network namespace on this node', 'target a pod that runs on this node');
  if (!facts.devices.includes(check.device)) {
    return refuse(
      `no device ${check.device}; there are: ${facts.devices.join(', ')}`,
      'name one of these as the device of the fault',
    );
  }
  if (check.direction === 'ingress') return { check, ok: true, expected, found: `device ${check.device}`, remedy: '' };
  const foreign = facts.roots.find(
    ({ kind, handle }) => handle !== '0:' && !(kind === ownRoot.kind && handle === ownRoot.handle),
  );
  if (foreign !== undefined) {
    const name = `${foreign.kind} ${foreign.handle}`;
    return refuse(
      `somebody else's root queueing discipline: ${name}`,
      `remove it with 'tc qdisc del dev ${check.device} root' in the pod's namespace, or choose another device`,
    );
  }
  const found = facts.roots.map(({ kind, handle }) => `${kind} ${handle}`).join(', ') || 'no queueing discipline';
  return { check, ok: true, expected, found, remedy: '' };
}

/** @param path where the table is, if anywhere; @param folders that were looked into */
export function judgeDistribution(
  check: CheckOf<'distribution'>,
  path: string | undefined,
  folders: readonly string[],
  system: System,
): CheckResult {
  const file = `${check.distribution}.dist`;
  const expected = `tc has the table of the ${check.distribution} distribution (${file})`;
  if (path !== undefined) return { check, ok: true, expected, found: path, remedy: '' };
  return { check, ok: false, expected, found: `no ${file} in ${folders.join(', ')}`, remedy: distributionTableRemedy(system) };
}

/** The kernel's lease must outlast a renewal that fails and one that waits its turn. */
const roundsInLease = 3;

/** Milliseconds that renewing all targets of the fault once may take. */
export function longestRoundMs({ seconds }: CheckOf<'lease'>): number {
  return (seconds * 1000) / roundsInLease;
}

/** @param roundMs what renewing all targets of the fault once takes on the node, as it was measured */
export function judgeLease(check: CheckOf<'lease'>, roundMs: number): CheckResult {
  const { seconds, targets } = check;
  const least = Math.max(1, Math.ceil((roundsInLease * roundMs) / 1000));
  const of = targets === 1 ? '1 target' : `${String(targets)} targets`;
  const expected = `the lease of ${String(seconds)} s is at least ${String(roundsInLease)} times as long as renewing ${of} takes`;
  const found = `renewing them takes ${String(Math.round(roundMs))} ms on this node`;
  if (roundMs <= longestRoundMs(check)) return { check, ok: true, expected, found, remedy: '' };
  return { check, ok: false, expected, found, remedy: `give the fault a lease of ${String(least)} s or more, or fewer targets` };
}

/** Names without an address, as one target looked them up, and why. */
export type HostFacts = { podUid: string; unknown: { host: string; error: string }[] };

export function judgeHosts(check: CheckOf<'hosts'>, facts: readonly HostFacts[]): CheckResult {
  const { podUids, hosts } = check;
  const expected = `${hosts.join(', ')} ${hosts.length === 1 ? 'has an address' : 'have addresses'} as each of ${String(podUids.length)} target${podUids.length === 1 ? '' : 's'} looks for ${hosts.length === 1 ? 'it' : 'them'}`;
  const failed = facts.flatMap(({ podUid, unknown }) => unknown.map((one) => ({ podUid, ...one })));
  if (failed.length === 0) return { check, ok: true, expected, found: 'every target finds them', remedy: '' };
  const reasons = Map.groupBy(failed, ({ host, error }) => `host '${host}' has ${error}`);
  const texts = [...reasons].map(
    ([reason, targets]) => `pod ${firstFew(targets.map(({ podUid }) => podUid))}: HostUnresolved: ${reason}`,
  );
  const remedy = "correct the name or the target's resolv.conf, or name the address as kind ip";
  return { check, ok: false, expected, found: firstFew(texts, ' | '), remedy };
}

/**
 * How one fault would join one target; `meets` names the faults on the same device, as people know them.
 * @property queues where its packets would wait
 * @property packetsPerSecond what the target was seen to send or receive, whichever the fault hurts
 */
export type CompositionFacts = {
  podUid: string;
  refusal?: string;
  meets: string[];
  queues?: QueueRoom[];
  packetsPerSecond?: number;
};

export function judgeComposition(check: CheckOf<'composition'>, facts: readonly CompositionFacts[]): CheckResult {
  const { podUids, fault } = check;
  const expected = `the fault can be planned on ${fault.device} of ${String(podUids.length)} target${podUids.length === 1 ? '' : 's'} together with what is there now`;
  const refused = facts.filter(({ refusal }) => refusal !== undefined);
  const meets = (names: readonly string[]) => (names.length === 0 ? '' : `; it would meet ${names.join(', ')}`);
  if (refused.length === 0) {
    const met = [...new Set(facts.flatMap((target) => target.meets))];
    const warning = tellTargets(facts.map(roomOf), 'warning');
    return {
      ...{ check, ok: true, expected, remedy: '' },
      found: `it can be planned on every target${meets(met)}`,
      ...(warning === undefined ? {} : { warning }),
    };
  }
  const reasons = Map.groupBy(refused, (target) => `${String(target.refusal)}${meets(target.meets)}`);
  const texts = [...reasons].map(([reason, targets]) => `pod ${firstFew(targets.map((target) => target.podUid))}: ${reason}`);
  const found = firstFew(texts, ' | ');
  return { check, ok: false, expected, found, remedy: 'wait for the faults it would meet to end, or do what the reason says' };
}

function roomOf({ podUid, queues = [], packetsPerSecond = 0 }: CompositionFacts): TargetFinding {
  const warning = queueWarning(queues, packetsPerSecond);
  return warning === undefined ? { podUid } : { podUid, warning };
}
