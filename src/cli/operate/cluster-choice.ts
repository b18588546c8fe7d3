import type { Command } from 'commander';
import { connectToCluster } from '../../cluster/index.ts';
import { createStore, type Store } from '../../store/index.ts';

export type ClusterChoice = { cluster?: true; kubeconfig?: string; context?: string };

/** The options by which a command is told to ask a cluster instead of this machine. */
export function withClusterOptions(command: Command): Command {
  return command
    .option('--cluster', 'ask the cluster of the current context instead of this machine')
    .option('--kubeconfig <file>', 'ask the cluster that this file names')
    .option('--context <name>', "ask the cluster of this one of the kubeconfig's contexts");
}

/** @param env SQUALL_CLUSTER=1, as `kubectl squall` sets it, means --cluster */
export function asksCluster(
  { cluster, kubeconfig, context }: ClusterChoice,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return cluster === true || kubeconfig !== undefined || context !== undefined || env.SQUALL_CLUSTER === '1';
}

/** `namespace`: of the context, where a command names none. */
export async function openCluster({ kubeconfig, context }: ClusterChoice): Promise<{ store: Store; namespace: string }> {
  const { transport, namespace } = await connectToCluster({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  return { store: createStore(transport), namespace };
}
