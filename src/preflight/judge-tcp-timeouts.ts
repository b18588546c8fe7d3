/** Whether the kernel of a target gives a connection up before the fault is over: what the application then shows is no longer the fault alone. */
import type { CheckResult } from '../api/index.ts';
import { formatDuration } from '../lib/index.ts';
import { type CheckOf, plural, type TargetFinding, tellTargets } from './check-of.ts';

/** A target's sysctls; what a kernel does not have counts as its compiled-in value. */
export type TcpSysctls = {
  synRetries?: number;
  linearSynTimeouts?: number;
  retries?: number;
  leastRtoUs?: number;
  mostRtoMs?: number;
};
export type TcpFacts = { podUid: string; sysctls: TcpSysctls };

/** Defaults of include/net/tcp.h: before an address was ever answered, the least, and the most between two retransmissions. */
const firstRtoMs = 1000;
const leastRtoMs = 200;
const mostRtoMs = 120_000;

/**
 * Milliseconds until connect(2) fails with ETIMEDOUT where nothing answers: `linearSynTimeouts` retransmissions a second apart, then `synRetries`
 * ones at doubled distances, then one more such wait. 131 s with 6 and 4, 127 s with 6 and none, as ip-sysctl.rst says.
 */
export function connectTimeoutMs({ synRetries = 6, linearSynTimeouts = 0, mostRtoMs: most = mostRtoMs }: TcpSysctls): number {
  return linearSynTimeouts * firstRtoMs + backoffMs(synRetries, firstRtoMs, most);
}

/** Milliseconds after which a connection fails where nothing is acknowledged, at the least: 924.6 s with 15, as ip-sysctl.rst says. */
export function connectionTimeoutMs({ retries = 15, leastRtoUs, mostRtoMs: most = mostRtoMs }: TcpSysctls): number {
  return backoffMs(retries, leastRtoUs === undefined ? leastRtoMs : leastRtoUs / 1000, most);
}

/** The waits before so many retransmissions and after the last one (net/ipv4/tcp_timer.c, tcp_model_timeout). */
function backoffMs(retransmissions: number, first: number, most: number): number {
  let total = 0;
  for (let wait = 0; wait <= retransmissions; wait += 1) total += Math.min(most, first * 2 ** wait);
  return total;
}

export function judgeTcpTimeouts(check: CheckOf<'tcp-timeouts'>, facts: readonly TcpFacts[]): CheckResult {
  const { podUids, silenceMs } = check;
  const silence = formatDuration(Math.round(silenceMs));
  const expected = `TCP of ${plural(podUids.length, 'target')} outlasts that nothing is answered for ${silence}`;
  const findings = facts.map(({ podUid, sysctls }): TargetFinding => {
    const told = [
      ...(connectTimeoutMs(sysctls) < silenceMs
        ? [`a connection that is being made fails after ${seconds(connectTimeoutMs(sysctls))} (tcp_syn_retries)`]
        : []),
      ...(connectionTimeoutMs(sysctls) < silenceMs
        ? [`one that is open fails after ${seconds(connectionTimeoutMs(sysctls))} at the least (tcp_retries2)`]
        : []),
    ];
    if (told.length === 0) return { podUid };
    return { podUid, warning: `OutlastsTcp: for ${silence} nothing is answered, and ${told.join(', and ')}` };
  });
  const warning = tellTargets(findings, 'warning');
  const found = warning === undefined ? 'it does' : 'it does not';
  return { check, ok: true, expected, found, remedy: '', ...(warning === undefined ? {} : { warning }) };
}

const seconds = (milliseconds: number): string => `${String(Math.round(milliseconds / 100) / 10)} s`;
