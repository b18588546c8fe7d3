import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Clock, SquallError } from '../lib/index.ts';
import type { Authorization } from '../store/index.ts';

/** Requests that come close together share an answer; the library itself reads a token's file once a minute, and asks a plugin when its token ends. */
const sharedForMs = 10_000;

/**
 * Who asks, as a kubeconfig's user says: token, token file, client certificate, plugin or password. `refused` tells that the server
 * did not take the last answer: everything is then read anew. Rejects with Unavailable when the credentials cannot be had.
 */
export function createCredentials(
  load: () => Promise<KubeConfig>,
  clock: Pick<Clock, 'monotonic'>,
): (refused: boolean) => Promise<Authorization> {
  let config: Promise<KubeConfig> | undefined;
  let latest: { at: number; answer: Promise<Authorization> } | undefined;

  async function read(): Promise<Authorization> {
    try {
      config ??= load();
      return await authorizationOf(await config);
    } catch (error) {
      config = undefined;
      latest = undefined;
      if (error instanceof SquallError) throw error;
      throw new SquallError('Unavailable', 'the credentials for the cluster could not be had', { cause: error });
    }
  }

  return async (refused) => {
    const now = clock.monotonic();
    if (refused) {
      config = undefined;
      latest = undefined;
    }
    if (latest === undefined || now - latest.at >= sharedForMs) latest = { at: now, answer: read() };
    return await latest.answer;
  };
}

async function authorizationOf(config: KubeConfig): Promise<Authorization> {
  const options: RequestOptions = {};
  tellPlugin(config);
  await config.applyToHTTPSOptions(options);
  const headers = Object.entries((options.headers ?? {}) as Record<string, string>).map(([name, value]) => [
    name.toLowerCase(),
    value.trim(),
  ]);
  if (options.auth) headers.push(['authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`]);
  return {
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(options.cert ? { cert: pem(options.cert) } : {}),
    ...(options.key ? { key: pem(options.key) } : {}),
  };
}

/** Plugins ask for this variable, and the library does not give it. */
function tellPlugin(config: KubeConfig): void {
  const exec = config.getCurrentUser()?.exec as { apiVersion?: string; env?: { name: string; value: string }[] | null } | null;
  const name = 'KUBERNETES_EXEC_INFO';
  if (!exec || exec.env?.some((variable) => variable.name === name)) return;
  const value = JSON.stringify({ kind: 'ExecCredential', apiVersion: exec.apiVersion, spec: { interactive: false } });
  exec.env = [...(exec.env ?? []), { name, value }];
}

function pem(value: RequestOptions['cert'] | RequestOptions['key']): string {
  return Buffer.isBuffer(value) || typeof value === 'string' ? value.toString() : '';
}
