/** The agent's process: reads its arguments, puts the agent together and runs it until it is told to stop. */
import { fstatSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { codeOf, errorFacts, messageOf, SquallError, systemClock } from '../lib/index.ts';
import { createStore, transportFor } from '../store/index.ts';
import { checkInstance, checkNode } from './identity.ts';
import { createKernelDriver } from './kernel/index.ts';
import { logToStderr } from './log.ts';
import { nftByAddon } from './nft-addon.ts';
import { createHostResolver } from './hosts/resolver.ts';
import { namedNameFiles } from './namespaces/name-files.ts';
import { namedNamespaces } from './namespaces/named.ts';
import { type AgentEnd, runAgent } from './run-agent.ts';
import { claimState } from './state-claim.ts';

/** An agent whose server does not come back has undone everything long before. */
const goneAfterMs = 60_000;
/** A former agent that has lost its parent takes this long to undo and end. */
const claimWaitMs = 20_000;

/** `nftAddon` is a file to load. */
type Arguments = { socket: string; node: string; instance: string; state: string; nftAddon: string | undefined };

function readArguments(args: string[]): Arguments {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: { socket: option, node: option, instance: option, state: option, 'nft-addon': option },
  });
  const { socket, node, instance, state, 'nft-addon': nftAddon } = values;
  if (socket === undefined || node === undefined || instance === undefined || state === undefined) {
    throw new SquallError(
      'InvalidInput',
      'usage: agent --socket PATH --node NAME --instance ID --state FOLDER [--nft-addon FILE]; all but the last are needed',
    );
  }
  checkInstance(instance);
  checkNode(node);
  for (const [name, path] of Object.entries({ socket, state, 'nft-addon': nftAddon })) {
    if (path !== undefined && !isAbsolute(path))
      throw new SquallError('InvalidInput', `--${name} is '${path}'; expected an absolute path`);
  }
  return { socket, node, instance, state, nftAddon };
}

/** Where a program is that runs in a target's namespace: a bundle beside ours, or the source beside our source. */
function programFile(name: 'tcp-probe' | 'host-lookup'): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(fromSource ? `../probes/${name}/main.ts` : `./${name}.js`, import.meta.url));
}

/** Fires on SIGTERM and SIGINT, and, where standard input is a pipe, when that ends: whoever started us is gone, by kill -9 too. */
function orderToStop(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    controller.abort();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const input = fstatSync(0);
  if (input.isFIFO() || input.isSocket()) {
    process.stdin.on('end', stop).on('close', stop).on('error', stop);
    process.stdin.resume();
  }
  // Its reader may be gone with whoever started us; undoing matters more than saying so.
  process.stderr.on('error', () => undefined);
  return controller.signal;
}

const exitOf: Record<AgentEnd, number> = {
  Stopped: 0,
  Unfinished: errorFacts('CleanUpIncomplete').exit,
  ServerGone: errorFacts('Unavailable').exit,
};

async function main(): Promise<number> {
  const { socket, node, instance, state, nftAddon } = readArguments(process.argv.slice(2));
  const signal = orderToStop();
  const giveBack = await claimState(state, systemClock, claimWaitMs);
  const store = createStore(transportFor({ socket }));
  try {
    const namespaces = namedNamespaces();
    const runNft = await nftByAddon(nftAddon, logToStderr);
    const kernel = await createKernelDriver({ stateFolder: state, instance, clock: systemClock, namespaces, runNft });
    const end = await runAgent({
      store,
      node,
      instance,
      stateFolder: state,
      kernel,
      namespaces,
      clock: systemClock,
      log: logToStderr,
      signal,
      tcpProbeProgram: programFile('tcp-probe'),
      resolveHosts: createHostResolver(namespaces, namedNameFiles(), programFile('host-lookup')),
      goneAfterMs,
    });
    return exitOf[end];
  } finally {
    store.close();
    giveBack();
  }
}

try {
  // Whatever may still be open (a request, the standard input) must not keep an agent that has undone everything.
  process.exit(await main());
} catch (error) {
  logToStderr('error', messageOf(error), { code: codeOf(error) });
  process.exit(errorFacts(codeOf(error)).exit);
}
