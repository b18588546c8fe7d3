import type { Logger } from 'pino';
import { type Collector, type SflowRtServer, startSflowRtServer } from '../../observers/index.ts';
import { formatAddress, isLoopback } from '../../server/index.ts';
import type { ListenAddress } from '../serve/listen-address.ts';

/** Serves sFlow-RT's REST API over the collector. Rejects with Unavailable where it cannot listen. */
export async function serveSflowRt(
  collector: Collector,
  listen: ListenAddress,
  log: Pick<Logger, 'info' | 'warn' | 'error'>,
): Promise<SflowRtServer> {
  const server = await startSflowRtServer({
    ...listen,
    collector,
    log: (message) => {
      log.error(message);
    },
  });
  const address = formatAddress(server.address);
  if (!isLoopback(listen)) {
    log.warn(
      { address },
      'anybody who reaches this address defines flows and reads of all sampled traffic: it is not a loopback address',
    );
  }
  log.info({ address }, "sFlow-RT's REST API is served");
  collector.onEnd(() => {
    log.error(
      { address },
      "sFlow-RT's REST API is away until another collector is open; its clients have to define their flows again",
    );
  });
  return server;
}
