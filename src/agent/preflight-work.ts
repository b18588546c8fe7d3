import { constants, readdir } from 'node:fs/promises';
import type { CheckResult, FaultWork, NodeTaskStatus, PreflightCheck, TargetStatus } from '../api/index.ts';
import { type Clock, formatInstant, messageOf, SquallError } from '../lib/index.ts';
import {
  type CompositionFacts,
  judgeCapability,
  judgeComposition,
  judgeDevice,
  judgeDistribution,
  judgeDriver,
  judgeHosts,
  judgeLease,
  judgeTool,
  longestRoundMs,
} from '../preflight/index.ts';
import type { AgentContext, StoredTask, TaskWork } from './context.ts';
import { endReason } from './fault-undo.ts';
import { findIn, findProgram } from './find-file.ts';
import { learn, namesIn, withFoundHosts } from './hosts/found-hosts.ts';
import { unresolved } from './hosts/follow-hosts.ts';
import { lookUpOnce, lookUpOnTargets } from './hosts/preflight.ts';
import { checkTargets, isCheckOfTargets } from './check-targets.ts';
import { createLooks, type Looks } from './look-into.ts';
import { findAndPin } from './namespaces/pod-namespaces.ts';
import { checkNode, isNodeCheck } from './node-checks/check-node.ts';
import { advance } from './phases.ts';
import { createStatusWriter, writeLast } from './status-writer.ts';
import { deadlineAt } from './timing.ts';
import { tryCapability } from './try-capability.ts';
import { createWorkEnd } from './work-end.ts';

/** Makes every check of one task, writes the results, and is done: its targets are Clean, since nothing was done to them. */
export function startPreflightWork(context: AgentContext, first: StoredTask, checks: readonly PreflightCheck[]): TaskWork {
  const { spec } = first;
  const { signal, ...workEnd } = createWorkEnd();
  const writing = new AbortController();
  const notAfterLeftMs = deadlineAt(context.clock, Date.parse(spec.notAfter));
  let results: CheckResult[] | undefined;
  let targets = spec.targets.map(({ podUid }): TargetStatus => ({
    podUid,
    phase: 'Pending',
    since: formatInstant(context.clock.now()),
  }));
  const status = (): NodeTaskStatus => ({
    observedGeneration: spec.generation,
    targets,
    ...(results === undefined ? {} : { checks: results }),
    residue: 0,
    kernel: context.kernelRelease,
  });
  const update = (task: StoredTask) => {
    writer.seen(task);
    if (task.spec.order === 'undo') workEnd.end('Ordered');
  };
  const writer = createStatusWriter(context, first, { status, reread: update }, writing.signal);

  async function run(): Promise<void> {
    if (spec.order === 'undo') workEnd.end('Ordered');
    else if (notAfterLeftMs() <= 0) workEnd.end('NotAfter');
    else {
      const made: CheckResult[] = [];
      const checking = { ...context, resolveHosts: lookUpOnce(context.resolveHosts), looks: createLooks(context, context.clock) };
      for (const check of checks) if (check.check === 'device') lookAhead(checking.looks, check);
      for (const check of checks) {
        if (signal.aborted) break;
        made.push(await runCheck(checking, check, signal));
      }
      // Some of the checks are no answer: whoever reads them would take the others for met.
      if (!signal.aborted) results = made;
    }
    const reason = endReason(workEnd.reason());
    const at = formatInstant(context.clock.now());
    targets = targets.map((target) => advance(target, 'Clean', at, reason === undefined ? {} : { reason }));
    if (workEnd.reason() !== 'TaskDeleted') await writeLast(context, writer);
  }

  const done = run()
    .catch((error: unknown) => {
      context.log('error', 'preflight work failed', { task: first.metadata.name, error: messageOf(error) });
    })
    .finally(() => {
      writing.abort();
    });
  return { update, end: workEnd.end, done };
}

export type CheckContext = Pick<
  AgentContext,
  'namespaces' | 'kernel' | 'clock' | 'nameOfFault' | 'resolveHosts' | 'tryCapability' | 'system' | 'nodePlace' | 'kernelRelease'
> & { looks: Looks };

/** Gathers what one check needs and judges it. What could not be tried is a check that failed, with the reason. */
export async function runCheck(context: CheckContext, check: PreflightCheck, signal: AbortSignal): Promise<CheckResult> {
  try {
    if (isCheckOfTargets(check)) return await checkTargets(context.looks, check);
    if (isNodeCheck(check)) return await checkNode(context, check);
    switch (check.check) {
      case 'capability':
        return judgeCapability(check, await context.tryCapability(check.capability), await context.system());
      case 'driver': {
        const tried = new Set(check.ways.flatMap(({ capabilities }) => capabilities));
        const outcomes = await Promise.all([...tried].map(async (one) => [one, await context.tryCapability(one)] as const));
        return judgeDriver(check, new Map(outcomes), await context.system());
      }
      case 'tool':
        return judgeTool(check, await findProgram(check.tool), await context.system());
      case 'device':
        return judgeDevice(check, (await context.looks.target(check.podUid, check.device))?.facts);
      case 'distribution': {
        const folders = await distributionFolders();
        const path = await findIn(folders, `${check.distribution}.dist`, constants.R_OK);
        return judgeDistribution(check, path, folders, await context.system());
      }
      case 'hosts':
        return judgeHosts(check, await lookUpOnTargets(context, check, signal));
      case 'lease':
        return judgeLease(check, await measureRenewalRound(context.clock, check.targets, longestRoundMs(check)));
      case 'composition':
        return judgeComposition(
          check,
          await Promise.all(check.podUids.map((podUid) => tryComposition(context, podUid, check.fault, signal))),
        );
      default:
        // Whoever asks may be of a later version.
        throw new SquallError('NotImplemented', `this agent knows no check '${(check as { check: string }).check}'; update it`);
    }
  } catch (error) {
    const remedy = "see the agent's log, and run 'squall doctor' on the node";
    return { check, ok: false, expected: 'the check can be made', found: messageOf(error), remedy };
  }
}

/** Several targets are looked into at once; the check itself then says what became of it. */
function lookAhead(looks: Looks, { podUid, device }: Extract<PreflightCheck, { check: 'device' }>): void {
  looks.target(podUid, device).catch(() => undefined);
}

/** How many pairs of renewals are tried at most, two at once as the driver runs them. The quickest counts: others may just have been busy. */
const trialPairs = 8;
const renewalsAtOnce = 2;

/**
 * Milliseconds that renewing so many targets takes: one nft transaction each, tried in scratch namespaces until one try was quick
 * enough, or none of many was.
 */
async function measureRenewalRound(clock: Clock, targets: number, quickEnoughMs: number): Promise<number> {
  let quickestMs = Infinity;
  for (let pair = 0; pair < trialPairs && quickestMs > quickEnoughMs; pair += 1) {
    const started = clock.monotonic();
    const outcomes = await Promise.all(
      Array.from({ length: renewalsAtOnce }, async () => await tryCapability('nft-set-timeout')),
    );
    const failed = outcomes.find(({ ok }) => !ok);
    if (failed !== undefined) throw new SquallError('KernelRefused', `a trial renewal failed: ${failed.message}`);
    quickestMs = Math.min(quickestMs, (clock.monotonic() - started) * Math.ceil(targets / renewalsAtOnce));
  }
  return quickestMs;
}

async function tryComposition(
  { namespaces, kernel, nameOfFault, resolveHosts, looks }: CheckContext,
  podUid: string,
  fault: FaultWork,
  signal: AbortSignal,
): Promise<CompositionFacts> {
  const namespace = await findAndPin(namespaces, podUid, kernel);
  if (namespace === undefined) return { podUid, meets: [], refusal: 'the pod has no network namespace on this node' };
  const names = namesIn(fault);
  const { found, unknown } = learn(new Map(), names.length === 0 ? [] : await resolveHosts(namespace, names, signal));
  if (unknown.length > 0) return { podUid, meets: [], refusal: unresolved(unknown) };
  const { refusal, meets, queues = [] } = await kernel.tryComposition(namespace, withFoundHosts(fault, found, podUid));
  const facts = { podUid, refusal, meets: [...new Set(meets.map(nameOfFault))] };
  if (queues.length === 0) return facts;
  const { sent, received, seconds } = (await looks.packetsMoved(podUid, fault.device)) ?? { sent: 0, received: 0, seconds: 1 };
  const moved = { egress: sent, ingress: received, both: Math.max(sent, received) };
  return { ...facts, queues, packetsPerSecond: moved[fault.direction] / seconds };
}

/** Where iproute2 looks for its tables: one folder fixed when it was built, in Debian the one of the machine's architecture. */
async function distributionFolders(): Promise<string[]> {
  const { TC_LIB_DIR } = process.env;
  if (TC_LIB_DIR !== undefined) return [TC_LIB_DIR];
  const architectures = (await readdir('/usr/lib')).filter((name) => /-linux-gnu\w*$/.test(name));
  return ['/usr/lib/tc', '/usr/lib64/tc', ...architectures.map((name) => `/usr/lib/${name}/tc`)];
}
