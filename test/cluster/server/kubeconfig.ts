import type { TransportOptions } from '../../../src/store/index.ts';

/** Transport options of whoever has this token. */
export function bearer(plane: { url: string; ca: string }, token: string): TransportOptions {
  const { url, ca } = plane;
  return { url, ca, authorize: async () => await Promise.resolve({ headers: { authorization: `Bearer ${token}` } }) };
}

export function kubeconfigText({ url, ca, token }: { url: string; ca: string; token: string }): string {
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
    'current-context': 'test',
  });
}
