import { messageOf, SquallError, systemClock } from '../lib/index.ts';
import { type Transport, transportFor } from '../store/index.ts';
import { createCredentials } from './credentials.ts';
import { type KubeconfigChoice, loadKubeconfig, readPem } from './kubeconfig.ts';

export type ClusterConnection = {
  transport: Transport;
  /** Of the context, or of the pod that this runs in; 'default' where neither says one. */
  namespace: string;
  /** The API server's URL. */
  server: string;
};

/**
 * Reads how to reach a cluster, and as whom. Nothing is sent yet. Rejects with InvalidInput when the kubeconfig cannot be used, and
 * with NotImplemented when it asks for what is not supported.
 */
export async function connectToCluster(choice: KubeconfigChoice = {}): Promise<ClusterConnection> {
  const config = await loadKubeconfig(choice);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new SquallError('InvalidInput', `context '${config.currentContext}': its cluster is not there`);
  const where = `cluster '${cluster.name}'`;
  if (cluster.proxyUrl !== undefined) {
    throw new SquallError(
      'NotImplemented',
      `${where}: proxy-url ${cluster.proxyUrl} is not supported; reach the server without a proxy`,
    );
  }
  checkServer(where, cluster.server, cluster.skipTLSVerify);
  const ca = readPem(`${where}: certificate-authority`, cluster.caFile, cluster.caData);
  let first: typeof config | undefined = config;
  const load = async (): Promise<typeof config> => {
    const loaded = first ?? (await loadKubeconfig(choice));
    first = undefined;
    return loaded;
  };
  const transport = transportFor({
    url: cluster.server,
    ...(ca === undefined ? {} : { ca }),
    ...(cluster.tlsServerName === undefined ? {} : { serverName: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify ? { insecureSkipTlsVerify: true } : {}),
    authorize: createCredentials(load, systemClock),
  });
  const context = config.contexts.find(({ name }) => name === config.currentContext);
  return { transport, namespace: context?.namespace?.trim() ?? 'default', server: cluster.server };
}

/** Credentials over plain http are anybody's. */
function checkServer(where: string, server: string, skipTlsVerify: boolean): void {
  let protocol: string;
  try {
    protocol = new URL(server).protocol;
  } catch (error) {
    throw new SquallError('InvalidInput', `${where}: server '${server}': expected a URL: ${messageOf(error)}`);
  }
  if (protocol === 'https:' || (protocol === 'http:' && skipTlsVerify)) return;
  throw new SquallError(
    'InvalidInput',
    `${where}: server '${server}': expected https; plain http needs insecure-skip-tls-verify: true`,
  );
}
