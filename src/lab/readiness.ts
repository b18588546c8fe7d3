import { fileURLToPath } from 'node:url';
import { runProgram, SquallError } from '../lib/index.ts';
import { inNamespace } from './network.ts';
import type { ReadinessCheck } from './plan.ts';

/** What the prober is asked. With `deadlineMs` 0 each check is asked once. */
export type ProberRequest = { checks: readonly ReadinessCheck[]; deadlineMs: number };

/** A bundle beside ours, or the source beside our source. */
const proberProgram = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './readiness-prober/main.ts' : './readiness-prober.js', import.meta.url),
);

/** Beyond the deadline: for starting the prober on a slow machine and for its last answers. */
const graceMs = 15_000;

/**
 * Which of the checks succeed before the deadline: indexes into `checks`. Resolves as soon as all have.
 * @param deadlineMs milliseconds; 0 asks each check once
 */
export async function askReadiness(
  nodeNetworkNamespace: string,
  checks: readonly ReadinessCheck[],
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<Set<number>> {
  if (checks.length === 0) return new Set();
  const request: ProberRequest = { checks, deadlineMs };
  const command = [process.execPath, proberProgram, JSON.stringify(request)];
  const options = { signal, timeoutMs: deadlineMs + graceMs };
  const { code, stdout, stderr } = await runProgram('nsenter', inNamespace(nodeNetworkNamespace, command), options);
  if (code !== 0) throw new SquallError('LabFailed', `the readiness prober ended with ${code ?? 'a signal'}: ${stderr.trim()}`);
  return new Set(stdout.split('\n').filter(Boolean).map(Number));
}
