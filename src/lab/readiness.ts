import { runProgram, SquallError } from '../lib/index.ts';
import { inNamespace } from './network.ts';
import type { ReadinessCheck } from './plan.ts';

/**
 * Asks all checks from inside the node's namespace, as a kubelet does, and prints the index of each that succeeds. It is a text
 * because it must run in another process and cannot rely on files beside it: Squall runs from source and as one bundle.
 * Its argument is {checks, deadlineMs}; with deadlineMs 0 each check is asked once.
 */
const prober = `
const http = require('node:http'), net = require('node:net');
const { checks, deadlineMs } = JSON.parse(process.argv[1]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tcp = ({ address: host, port, timeoutMs }) => new Promise((resolve) => {
  const socket = net.connect({ host, port, timeout: timeoutMs });
  const end = (ok) => { socket.destroy(); resolve(ok); };
  socket.on('connect', () => end(true)).on('timeout', () => end(false)).on('error', () => end(false));
});
const get = ({ address: host, port, path, headers, timeoutMs }) => new Promise((resolve) => {
  const request = http.get({ host, port, path, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
    response.resume();
    resolve(response.statusCode >= 200 && response.statusCode < 400);
  });
  request.on('error', () => resolve(false));
});
const ask = (check) => (check.path === undefined ? tcp(check) : get(check));
const until = performance.now() + deadlineMs;
Promise.all(checks.map(async (check, index) => {
  if (deadlineMs > 0) await sleep(Math.min(check.initialDelayMs, deadlineMs));
  for (let wait = 100; ; wait *= 2) {
    if (await ask(check)) return console.log(index);
    if (performance.now() >= until) return;
    await sleep(Math.min(wait, check.periodMs, 1000, Math.max(0, until - performance.now())));
  }
})).then(() => process.exit(0));
`;

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
  const command = [process.execPath, '-e', prober, JSON.stringify({ checks, deadlineMs })];
  const options = { signal, timeoutMs: deadlineMs + graceMs };
  const { code, stdout, stderr } = await runProgram('nsenter', inNamespace(nodeNetworkNamespace, command), options);
  if (code !== 0) throw new SquallError('LabFailed', `the readiness prober ended with ${code ?? 'a signal'}: ${stderr.trim()}`);
  return new Set(stdout.split('\n').filter(Boolean).map(Number));
}
