import type { AgentView, Log } from '../../agent/index.ts';
import {
  agentReadinessOf,
  createAgentMetrics,
  formatAddress,
  isLoopback,
  readProcessUsage,
  startHttpServer,
} from '../../server/index.ts';
import packageFacts from '../../../package.json' with { type: 'json' };
import type { ListenAddress } from '../serve/listen-address.ts';

export type ShownAgent = AsyncDisposable & {
  /** From here the agent's own facts are shown; before it is not ready. */
  show: (view: AgentView) => void;
};

/** Serves health and metrics of this node's agent, and opens no other port. Rejects with Unavailable when it cannot listen there. */
export async function showAgent({ listen, log }: { listen: ListenAddress | undefined; log: Log }): Promise<ShownAgent> {
  let view: AgentView | undefined;
  const metrics = createAgentMetrics(packageFacts.version, () => readProcessUsage(process.pid));
  const show = (given: AgentView): void => {
    view = given;
    metrics.readFrom(given);
  };
  if (listen === undefined) return { show, [Symbol.asyncDispose]: () => Promise.resolve() };
  const server = await startHttpServer({
    listen,
    metrics,
    // Being alive does not hang on the API server: an agent that is started anew while that is away would help nobody.
    askStore: () => Promise.resolve(),
    readiness: () =>
      agentReadinessOf(
        view === undefined
          ? undefined
          : { storeRead: view.isStoreRead(), serverAwayMs: view.serverAwayMs(), residue: view.residue() },
      ),
  });
  const address = formatAddress(server.address);
  if (!isLoopback(listen))
    log('warn', 'anybody who reaches this address reads the metrics: it is not a loopback address', { address });
  log('info', 'metrics and health are served', { address });
  return {
    show,
    [Symbol.asyncDispose]: async () => {
      await server.close();
    },
  };
}
