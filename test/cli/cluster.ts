/** A cluster's API server as commands reach it: https and a kubeconfig, with the embedded server behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as ask } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { makeCertificates } from '../cluster/certificates.ts';

export type TestCluster = AsyncDisposable & { kubeconfig: string };

/** @param socket of an embedded API server */
export async function clusterOver(socket: string): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'squall-cluster-'));
  const { ca, server: own } = await makeCertificates(folder, 'kubernetes.test', 'ada');
  const server = createServer(own, (incoming, outgoing) => {
    if (incoming.headers.authorization !== 'Bearer secret') {
      outgoing.writeHead(401).end();
      return;
    }
    const { method, url, headers } = incoming;
    const inner = ask({ socketPath: socket, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    inner.on('error', () => outgoing.destroy());
    outgoing.on('close', () => inner.destroy());
    incoming.pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kubeconfig = join(folder, 'kubeconfig');
  const cluster = {
    server: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    'tls-server-name': 'kubernetes.test',
    'certificate-authority-data': Buffer.from(ca).toString('base64'),
  };
  writeFileSync(
    kubeconfig,
    stringify({
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'test', user: { token: 'secret' } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'shop' } }],
      'current-context': 'test',
    }),
  );
  return {
    kubeconfig,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
