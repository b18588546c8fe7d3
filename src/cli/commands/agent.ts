import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { checkInstance, checkNode, logToStderr } from '../../agent/index.ts';
import { systemClock } from '../../lib/index.ts';
import { endingSignal } from '../ending-signal.ts';
import { type NamespaceWay, namespaceWays, runOnNode } from '../agent/run-on-node.ts';
import { parseListenAddress } from '../serve/listen-address.ts';
import { defaultStateFolder } from '../state.ts';

type AgentOptions = {
  node: string;
  kubeconfig?: string;
  context?: string;
  state: string;
  listen: string;
  instance?: string;
  namespaces: NamespaceWay;
  nftAddon?: string;
};

/** Exit code 0 when it was told to stop and everything is undone. */
export function agentCommand(): Command {
  return new Command('agent')
    .description('do the work of one node of a cluster: faults and probes in its pods (a DaemonSet runs it)')
    .requiredOption('--node <name>', "the node's name in the cluster; only its tasks are looked at")
    .option('--kubeconfig <file>', "how the cluster is reached; without it $KUBECONFIG, or the pod's service account")
    .option('--context <name>', 'of the kubeconfig; without it the current one')
    .option('--state <folder>', 'state folder, which must outlive this process: the ledger is in it', defaultStateFolder())
    .option('--listen <address>', "HTTP for health and metrics; port 0 draws one, 'none' serves none", '127.0.0.1:9465')
    .option('--instance <id>', 'what everything of ours carries in the kernel; without it the one of the cluster')
    .addOption(
      new Option('--namespaces <way>', "how a pod's network namespace is known: by its processes, or by its name as in the lab")
        .choices(namespaceWays)
        .default('processes'),
    )
    .option(
      '--nft-addon <file>',
      'runs nft in this process (npm run build:native); without it, and where it cannot be used, nft is started',
    )
    .action(agent);
}

async function agent(options: AgentOptions): Promise<void> {
  checkNode(options.node);
  if (options.instance !== undefined) checkInstance(options.instance);
  using ending = endingSignal();
  await runOnNode({
    node: options.node,
    cluster: { kubeconfig: options.kubeconfig, context: options.context },
    stateFolder: resolve(options.state),
    instance: options.instance,
    namespaces: options.namespaces,
    nftAddon: options.nftAddon === undefined ? undefined : resolve(options.nftAddon),
    listen: parseListenAddress(options.listen),
    clock: systemClock,
    random: Math.random,
    log: logToStderr,
    signal: ending.signal,
  });
}
