/** The agent's own pings from a target, which show what a fault adds to them. */
import type { FaultWork, NodeTaskTarget } from '../api/index.ts';
import { dosePingBytes, longestHoldMs } from '../faults/index.ts';
import { pingOnce, startProbers } from '../probes/index.ts';
import type { AgentContext } from './context.ts';
import { isShownByPings } from './dose.ts';
import type { PingFacts, RttsByPeer } from './dose-by-pings.ts';
import { withPathOf } from './namespaces/pod-namespaces.ts';
import { createSettledPings } from './settled-pings.ts';
import { type DosePings, type FaultTarget, freshPings, refuse } from './target-state.ts';

const baselinePings = { count: 10, periodMs: 50, timeoutMs: 1000 };
const dosePeriodMs = 200;
const mostPeers = 4;
/** The newest of each peer are kept. */
const mostDoseSamples = 2000;
/** Beside what the fault holds a ping back. */
const slackMs = 1000;

/** Peers that answer through the fault once, not twice: a peer that is hurt as well would add its own delay to the answer. */
export function dosePeersOf(work: FaultWork, podUid: string, targets: readonly NodeTaskTarget[]): string[] {
  const hurt = new Set(targets.flatMap(({ ips }) => ips));
  return (work.dosePeers[podUid] ?? []).filter((address) => !hurt.has(address)).slice(0, mostPeers);
}

/**
 * Round trips before the fault, of a target that nothing was done to yet. It takes a second where a peer is silent, so it is bounded by
 * itself and not among the kernel's operations: renewals of other faults must not wait for it.
 */
export async function measureBaseline(context: AgentContext, target: FaultTarget, signal: AbortSignal): Promise<void> {
  const addresses = target.work.dosePeers[target.facts.podUid] ?? [];
  if (!isShownByPings(target.work.effect) || addresses.length === 0 || target.namespace === undefined) return;
  try {
    target.pings = freshPings({ baseline: await pingBaseline(context, target, addresses, signal) }, addresses);
  } catch (error) {
    if (!signal.aborted) refuse(context, target, error);
  }
}

/** Round trips to peers that the fault does not hurt yet. */
export async function pingBaseline(
  context: AgentContext,
  { namespace, work }: FaultTarget,
  addresses: readonly string[],
  signal?: AbortSignal,
): Promise<RttsByPeer> {
  if (namespace === undefined) return {};
  const options = { ...baselinePings, addresses: [...addresses], payloadBytes: dosePingBytes(work) };
  return await context.pingLimit(
    async () => await withPathOf(context.namespaces, namespace, async (found) => await pingOnce(found, options, signal)),
  );
}

/** As the dose is measured by them. */
export function pingFactsOf({ baseline, active, settled }: DosePings): PingFacts {
  return {
    baseline,
    active,
    counts: Object.fromEntries(Object.entries(settled).map(([address, { counts }]) => [address, counts])),
  };
}

/** Goes on counting where an earlier probe of this version has ended. */
export async function startDoseProbe(context: AgentContext, target: FaultTarget): Promise<void> {
  const { pings, namespace, work } = target;
  if (pings === undefined || namespace === undefined) return;
  const timeoutMs = Math.ceil(slackMs + 2 * longestHoldMs(work.effect));
  for (const [address, { counts }] of Object.entries(pings.settled)) pings.settled[address] = createSettledPings(counts);
  // While the gate closes, and while another version takes its place, a ping may meet the fault or not: it proves nothing.
  const isMeant = () => target.status.phase === 'Active' && !target.resting && target.work === work;
  const settledOf = (address: string) => (isMeant() ? pings.settled[address] : undefined);
  const prober = await withPathOf(context.namespaces, namespace, (found) =>
    startProbers({
      namespace: found,
      streams: Object.keys(pings.active).map((address) => ({
        id: address,
        hypothesis: '',
        podUid: target.facts.podUid,
        protocol: 'icmp',
        address,
        periodMs: dosePeriodMs,
        timeoutMs,
      })),
      payloadBytes: dosePingBytes(work),
      tcpProbeProgram: context.tcpProbeProgram,
      onDuplicate: (address, number) => {
        settledOf(address)?.repeat(number);
      },
      onSample: ({ stream, number, rttMs }) => {
        const [settled, kept] = [settledOf(stream), pings.active[stream]];
        settled?.settle(number, rttMs === undefined ? 'lost' : 'answered');
        if (settled === undefined || kept === undefined || rttMs === undefined) return;
        kept.push(rttMs);
        if (kept.length > mostDoseSamples) kept.shift();
      },
    }),
  );
  // The order to undo, or the next change, may have come meanwhile: then nobody would stop it.
  if (!isMeant()) {
    await prober.stop();
    return;
  }
  target.prober = prober;
  void prober.ended.then((end) => {
    if (end.outcome === 'failed') context.log('warn', 'dose probe failed', { fault: work.id, error: end.message });
  });
}

export async function stopDoseProbe(target: FaultTarget): Promise<void> {
  const { prober } = target;
  target.prober = undefined;
  await prober?.stop();
}
