import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { messageOf, SquallError } from '../lib/index.ts';

export type KubeconfigChoice = {
  /** A file; absent: KUBECONFIG, then ~/.kube/config, then the service account of the pod that this runs in. */
  kubeconfig?: string;
  /** Absent: the current context. */
  context?: string;
  /** @default process.env */
  env?: Readonly<Record<string, string | undefined>>;
};

const serviceAccountFolder = 'var/run/secrets/kubernetes.io/serviceaccount';

/** What of a kubeconfig's user the client library does not read by itself. */
type RawUser = {
  name?: string;
  user?: { tokenFile?: string; 'as-groups'?: unknown; 'as-uid'?: unknown; 'as-user-extra'?: unknown };
};

/**
 * The kubeconfig as kubectl would read it: of several files the first that says something wins, and files of KUBECONFIG that are
 * not there say nothing. Its current context is the one that is asked for. Rejects with InvalidInput, naming file and remedy.
 */
export async function loadKubeconfig(choice: KubeconfigChoice): Promise<KubeConfig> {
  const { context, env = process.env } = choice;
  // Only whoever connects to a cluster pays for it; and of the library nothing but this file, for its models of every kind would
  // cost another 26 MB of memory and 4.7 MB of program.
  const { KubeConfig: Config } = await import('@kubernetes/client-node/dist/config.js');
  const files = kubeconfigFiles(choice.kubeconfig, env);
  const merged = new Config();
  if (files.length === 0) {
    if (!isInCluster(env)) throw nothingFound();
    merged.loadFromCluster();
    return merged;
  }
  for (const file of files) {
    const one = new Config();
    try {
      one.loadFromFile(file);
      completeUsers(one, file);
    } catch (error) {
      if (error instanceof SquallError) throw error;
      throw new SquallError('InvalidInput', `${file}: expected a kubeconfig file`, { cause: error });
    }
    mergeInto(merged, one);
  }
  selectContext(merged, context, files);
  return merged;
}

function kubeconfigFiles(given: string | undefined, env: Readonly<Record<string, string | undefined>>): string[] {
  if (given !== undefined) {
    if (existsSync(given)) return [resolve(given)];
    throw new SquallError('InvalidInput', `--kubeconfig ${given}: expected a file, and there is none`);
  }
  if (env.KUBECONFIG) {
    const named = env.KUBECONFIG.split(delimiter).filter((file) => file !== '');
    const present = named.filter((file) => existsSync(file));
    if (present.length > 0) return present.map((file) => resolve(file));
    throw new SquallError(
      'InvalidInput',
      `KUBECONFIG=${env.KUBECONFIG}: none of these files is there; name one that is, or unset it`,
    );
  }
  const usual = env.HOME === undefined ? undefined : join(env.HOME, '.kube', 'config');
  return usual !== undefined && existsSync(usual) ? [usual] : [];
}

function isInCluster(env: Readonly<Record<string, string | undefined>>): boolean {
  return Boolean(env.KUBERNETES_SERVICE_HOST) && existsSync(join('/', serviceAccountFolder, 'token'));
}

function nothingFound(): SquallError {
  return new SquallError(
    'InvalidInput',
    'no cluster is known: neither KUBECONFIG nor ~/.kube/config names one, and this is no pod with a service account; give --kubeconfig FILE',
  );
}

/** The library ignores `tokenFile`; and what it ignores of impersonation would make us somebody else than was asked for. */
function completeUsers(config: KubeConfig, file: string): void {
  const { users = [] } = (parse(readFileSync(file, 'utf8')) ?? {}) as { users?: RawUser[] };
  config.users = config.users.map((known) => {
    const user = users.find(({ name }) => name === known.name)?.user;
    for (const field of ['as-groups', 'as-uid', 'as-user-extra'] as const) {
      if (user?.[field] === undefined) continue;
      throw new SquallError('NotImplemented', `${file}: users[${known.name}].${field} is not supported; only 'as' is`);
    }
    if (user?.tokenFile === undefined) return known;
    const tokenFile = resolve(dirname(file), user.tokenFile);
    return { ...known, token: undefined, authProvider: { name: 'tokenFile', config: { tokenFile } } };
  });
}

function mergeInto(merged: KubeConfig, { clusters, users, contexts, currentContext }: KubeConfig): void {
  for (const cluster of clusters) if (!merged.getCluster(cluster.name)) merged.addCluster(cluster);
  for (const user of users) if (!merged.getUser(user.name)) merged.addUser(user);
  for (const context of contexts) if (!merged.contexts.some(({ name }) => name === context.name)) merged.addContext(context);
  // Unset until a file sets it, though the library's type does not say so.
  if (!(merged.currentContext as string | undefined)) merged.setCurrentContext(currentContext || '');
}

function selectContext(config: KubeConfig, wanted: string | undefined, files: readonly string[]): void {
  const name = wanted ?? config.currentContext;
  const where = files.join(', ');
  const context = config.contexts.find((candidate) => candidate.name === name);
  if (!context) {
    const known = config.contexts.map((candidate) => candidate.name).join(', ') || 'none';
    throw new SquallError('InvalidInput', `${where}: context '${name}': expected one of those that are there: ${known}`);
  }
  if (!config.getCluster(context.cluster)) {
    throw new SquallError(
      'InvalidInput',
      `${where}: context '${name}' names the cluster '${context.cluster}', which is not there`,
    );
  }
  // A context may name no user; one that names a wrong one must not become nobody.
  const user = context.user as string | undefined;
  if (user !== undefined && !config.getUser(user)) {
    throw new SquallError('InvalidInput', `${where}: context '${name}' names the user '${user}', which is not there`);
  }
  config.setCurrentContext(name);
}

/** The text of a file or the decoded data of a kubeconfig field; undefined when neither is given. */
export function readPem(what: string, file: string | undefined, data: string | undefined): string | undefined {
  if (file === undefined) return data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8');
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SquallError('InvalidInput', `${what}: ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
