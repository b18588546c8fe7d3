import { fileURLToPath } from 'node:url';
import {
  claimState,
  createHostResolver,
  createKernelDriver,
  type Log,
  type PodNamespaces,
  firstProcessPlace,
  namedNameFiles,
  namedNamespaces,
  nftByAddon,
  type NodePlace,
  ownPlace,
  processNameFiles,
  processNamespaces,
  runAgent,
  sweepFormerLife,
  type WithNameFiles,
} from '../../agent/index.ts';
import { connectToCluster, type KubeconfigChoice } from '../../cluster/index.ts';
import { type Clock, SquallError } from '../../lib/index.ts';
import { createStore } from '../../store/index.ts';
import type { ListenAddress } from '../serve/listen-address.ts';
import { showAgent } from './show-agent.ts';
import { rememberedInstance, resolveInstance } from './resolve-instance.ts';

/** How it is known which network namespace is which pod's. */
export const namespaceWays = ['processes', 'named'] as const;
export type NamespaceWay = (typeof namespaceWays)[number];

export type NodeAgent = {
  node: string;
  cluster: KubeconfigChoice;
  stateFolder: string;
  /** Absent: the cluster's own. */
  instance: string | undefined;
  namespaces: NamespaceWay;
  /** A file that runs nft in this process; absent: nft is started as a program. */
  nftAddon: string | undefined;
  /** Absent: no port is opened. */
  listen: ListenAddress | undefined;
  clock: Clock;
  random: () => number;
  log: Log;
  /** Ends it: everything is undone first. */
  signal: AbortSignal;
};

/** A former agent, a pod's container that is being replaced, takes this long to undo and end. */
const claimWaitMs = 25_000;

/**
 * The agent of a cluster's node, until the signal fires and everything is undone. The API server may be away for as long as it
 * likes: the leases end what it applied. Rejects when the state folder is in use, or the cluster cannot be connected to at all.
 */
export async function runOnNode(options: NodeAgent): Promise<void> {
  const { node, stateFolder, clock, random, log, signal } = options;
  const giveBack = await claimState(stateFolder, clock, claimWaitMs);
  try {
    // It shows that it is alive while it sweeps, however long that takes.
    await using shown = await showAgent(options);
    await sweepByMemory(options);
    const { transport, server } = await connectToCluster(options.cluster);
    const store = createStore(transport);
    try {
      const instance = options.instance ?? (await resolveInstance({ store, stateFolder, clock, random, log, signal }));
      if (instance === undefined) return;
      const namespaces = namespacesBy(options.namespaces);
      const runNft = await nftByAddon(options.nftAddon, log);
      const kernel = await createKernelDriver({ stateFolder, instance, clock, namespaces, runNft });
      log('info', 'started', { node, instance, server, namespaces: options.namespaces });
      await runAgent({
        store,
        node,
        instance,
        stateFolder,
        kernel,
        namespaces,
        nodePlace: nodePlaceBy(options.namespaces),
        clock,
        log,
        signal,
        random,
        tcpProbeProgram: programFile('tcp-probe'),
        resolveHosts: createHostResolver(namespaces, nameFilesBy(options.namespaces), programFile('host-lookup')),
        onStart: shown.show,
      });
    } finally {
      store.close();
    }
  } finally {
    giveBack();
  }
}

/**
 * Before anybody is asked: what a former life left must not wait for a server that may be slow, or away. The agent's own sweep finds
 * nothing to do after this one, or goes on with what it could not undo.
 */
async function sweepByMemory({ stateFolder, clock, random, log, ...options }: NodeAgent): Promise<void> {
  const instance = options.instance ?? (await rememberedInstance(stateFolder));
  if (instance === undefined) return;
  const kernel = await createKernelDriver({ stateFolder, instance, clock, namespaces: namespacesBy(options.namespaces) });
  await sweepFormerLife({ kernel, clock, random, log }, AbortSignal.abort());
}

function namespacesBy(way: NamespaceWay): PodNamespaces {
  switch (way) {
    case 'processes':
      return processNamespaces();
    case 'named':
      return namedNamespaces();
    default:
      throw new SquallError('Internal', `there is no way '${String(way satisfies never)}' to know namespaces`);
  }
}

const nodePlaceBy = (way: NamespaceWay): NodePlace => (way === 'processes' ? firstProcessPlace : ownPlace);
const nameFilesBy = (way: NamespaceWay): WithNameFiles => (way === 'processes' ? processNameFiles() : namedNameFiles());

/** Where a program is that runs in a target's namespace: a bundle beside ours, or its source. */
function programFile(name: 'tcp-probe' | 'host-lookup'): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(fromSource ? `../../probes/${name}/main.ts` : `./${name}.js`, import.meta.url));
}
