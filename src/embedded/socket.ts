import { chmodSync, lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { http, SquallError } from '../lib/index.ts';

/** Linux' sockaddr_un holds 108 bytes with the final zero (unix(7)). */
const longestPath = 107;
const probeTimeoutMs = 2000;

/** Listens on a unix socket that only its owner may use. A socket file that nobody answers on is replaced. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > longestPath) {
    throw new SquallError(
      'InvalidInput',
      `socket '${path}': expected at most ${String(longestPath)} bytes; use a shorter state folder`,
    );
  }
  await removeStale(path);
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error) => {
      reject(new SquallError('Unavailable', `could not listen on ${path}`, { cause: error }));
    };
    server.once('error', onError);
    // The file is made within listen(), so nobody can connect before it has its mode.
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', onError);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
  chmodSync(path, 0o600);
}

async function removeStale(path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket())
    throw new SquallError('StateInUse', `${path} exists and is no socket; remove it or use another state folder`);
  const owner = await askWhoIsThere(path);
  if (owner !== undefined)
    throw new SquallError('StateInUse', `${path} is served by ${owner}; stop it or use another state folder`);
  rmSync(path, { force: true });
}

/** Who answers on the socket; undefined when nobody listens. A process that accepts and stays silent is alive. */
async function askWhoIsThere(path: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const request = http.get({ socketPath: path, path: '/version', agent: false, timeout: probeTimeoutMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', () => {
        resolve('another process');
      });
      response.on('end', () => {
        const processId = /"processId":(\d+)/.exec(text)?.[1];
        resolve(processId === undefined ? 'another process' : `process ${processId}`);
      });
    });
    request.on('timeout', () => {
      resolve('a process that does not answer');
      request.destroy();
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? undefined : 'another process');
    });
  });
}
