/**
 * Asks readiness checks from inside the namespace it is started in, as a kubelet does from its node, and prints the index of each that
 * succeeds. Its argument is a ProberRequest as JSON. A program by itself, since Node cannot change its network namespace.
 */
import { connect } from 'node:net';
import type { ProberRequest } from '../readiness.ts';

const http = process.getBuiltinModule('node:http');

type Check = ProberRequest['checks'][number];

const { checks, deadlineMs } = JSON.parse(process.argv[2] ?? '') as ProberRequest;
const until = performance.now() + deadlineMs;

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function connects({ address: host, port, timeoutMs }: Check): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (succeeded: boolean): void => {
      socket.destroy();
      resolve(succeeded);
    };
    socket.on('connect', () => {
      end(true);
    });
    for (const event of ['timeout', 'error']) {
      socket.on(event, () => {
        end(false);
      });
    }
  });
}

/** Kubernetes' rule: any status from 200 to 399. */
async function answers({ address: host, port, path, headers, timeoutMs }: Check): Promise<boolean> {
  return await new Promise((resolve) => {
    const options = { host, port, path, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) } as const;
    const request = http.get(options, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 400);
    });
    request.on('error', () => {
      resolve(false);
    });
  });
}

/** Tries until it succeeds or the deadline has passed, at least once, less and less often up to the check's own period. */
async function ask(check: Check, index: number): Promise<void> {
  if (deadlineMs > 0) await sleep(Math.min(check.initialDelayMs, deadlineMs));
  for (let wait = 100; ; wait *= 2) {
    if (await (check.path === undefined ? connects(check) : answers(check))) {
      console.log(index);
      return;
    }
    const left = until - performance.now();
    if (left <= 0) return;
    await sleep(Math.min(wait, check.periodMs, 1000, left));
  }
}

await Promise.all(checks.map(ask));
process.exit(0);
