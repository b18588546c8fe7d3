/**
 * What a running process of Node really holds: its heap after a full collection, asked for through its inspector. Resident memory says less: it
 * has garbage in it that nobody needed to collect yet.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** For a process that is to be asked: it listens on loopback, at a port of the kernel's choice, from its first SIGUSR1 on. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' };
const limitMs = 60_000;

export type InspectedProcess = {
  pid: number;
  /** Where the process says on which address its inspector listens. */
  log: string;
};

/** In bytes. @throws Error when the process does not answer within a minute */
export async function usedHeap(inspected: InspectedProcess): Promise<number> {
  const url = await inspectorOf(inspected);
  const socket = new WebSocket(url);
  try {
    await Promise.race([
      new Promise<void>((resolve, reject) => {
        socket.addEventListener('open', () => {
          resolve();
        });
        socket.addEventListener('error', () => {
          reject(new Error(`the inspector of process ${inspected.pid} does not answer at ${url}`));
        });
      }),
      expire(inspected),
    ]);
    await ask(socket, inspected, 1, 'HeapProfiler.collectGarbage', {});
    const expression = 'process.memoryUsage().heapUsed';
    const answer = (await ask(socket, inspected, 2, 'Runtime.evaluate', { expression })) as { result?: { value?: unknown } };
    const used = answer.result?.value;
    if (typeof used !== 'number') throw new Error(`process ${inspected.pid} answered ${JSON.stringify(answer)}`);
    return used;
  } finally {
    socket.close();
  }
}

async function inspectorOf({ pid, log }: InspectedProcess): Promise<string> {
  process.kill(pid, 'SIGUSR1');
  const until = Date.now() + limitMs;
  while (Date.now() < until) {
    const url = /Debugger listening on (ws:\S+)/.exec(readFileSync(log, 'utf8'))?.[1];
    if (url !== undefined) return url;
    await sleep(100);
  }
  throw new Error(`process ${pid} opened no inspector within ${limitMs} ms`);
}

async function ask(socket: WebSocket, inspected: InspectedProcess, id: number, method: string, params: object): Promise<unknown> {
  const answered = new Promise((resolve) => {
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (answer.id === id) resolve(answer.result);
    });
  });
  socket.send(JSON.stringify({ id, method, params }));
  return await Promise.race([answered, expire(inspected)]);
}

async function expire({ pid }: InspectedProcess): Promise<never> {
  await sleep(limitMs, undefined, { ref: false });
  throw new Error(`process ${pid} did not answer within ${limitMs} ms`);
}
