import type { TransportOptions } from '../../../src/store/index.ts';

/** Transport options of whoever has this token. */
export function bearer(plane: { url: string; ca: string }, token: string): TransportOptions {
  const { url, ca } = plane;
  return { url, ca, authorize: async () => await Promise.resolve({ headers: { authorization: `Bearer ${token}` } }) };
}

/**
 * @param serverName whom the server's certificate is for, where that is not the URL's host
 * @param namespace of the context
 */
export function kubeconfigText({
  url,
  ca,
  token,
  serverName,
  namespace = 'default',
}: {
  url: string;
  ca: string;
  token: string;
  serverName?: string;
  namespace?: string;
}): string {
  const authority = Buffer.from(ca).toString('base64');
  const server = { server: url, 'certificate-authority-data': authority, 'tls-server-name': serverName };
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: server }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
    'current-context': 'test',
  });
}
