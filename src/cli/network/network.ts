/** What watches the network for monitors: the collector of this process, opened when it is first needed, and clients of sFlow-RTs. */
import { isIPv4 } from 'node:net';
import type { Logger } from 'pino';
import type { MonitorsOptions } from '../../control/index.ts';
import { type Clock, messageOf, SquallError } from '../../lib/index.ts';
import { type Collector, type CollectorOptions, createSflowRtClient, openCollector } from '../../observers/index.ts';
import { formatAddress } from '../../server/index.ts';
import type { ListenAddress } from '../serve/listen-address.ts';
import { type OnDemand, onDemand } from './on-demand.ts';
import { type CollectorPlace, isIpv4Network } from './sflow-options.ts';

export type Network = Pick<MonitorsOptions, 'openSflowRt'> & {
  collector: OnDemand<Collector>;
  /** Fires, with the reason, when the collector that is open or is opened next ends by itself; asked again it is about the one after that. */
  ended(): AbortSignal;
};

type Told = Pick<Logger, 'info' | 'warn' | 'error'>;

/** Opens nothing yet. @param onOpened told where sFlow is received, before anybody uses the collector */
export function prepareNetwork(
  place: CollectorPlace,
  clock: Clock,
  log: Told,
  onOpened: (address: ListenAddress) => Promise<void> = () => Promise.resolve(),
): Network {
  let ending = new AbortController();
  return {
    collector: onDemand(async (ended) => {
      const collector = await openOwn(place, log);
      collector.onEnd((reason) => {
        log.error(messageOf(reason));
        ended();
        ending.abort(reason);
      });
      await onOpened(collector.address);
      return collector;
    }),
    openSflowRt: ({ ip, port }) =>
      createSflowRtClient({
        ip,
        port,
        clock,
        log: (message) => {
          log.warn(message);
        },
      }),
    ended: () => {
      if (ending.signal.aborted) ending = new AbortController();
      return ending.signal;
    },
  };
}

/** @param host where it is really received */
export function networksWithoutFamily(host: string, allow: readonly string[] = []): string[] {
  return isIPv4(host) ? allow.filter((network) => !isIpv4Network(network)) : [];
}

/** All addresses are those of IPv4 where a machine has no others. */
export function collectorOptionsOf(listen: ListenAddress, { allow, receiveBufferBytes }: CollectorPlace): CollectorOptions {
  return {
    ...(listen.host === '::' ? { port: listen.port } : listen),
    ...(allow === undefined ? {} : { allow }),
    ...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
  };
}

async function openOwn(place: CollectorPlace, log: Told): Promise<Collector> {
  const { listen, allow } = place;
  if (listen === undefined) {
    const remedy = 'give it an address, or the monitor the monitoringEndpoint of an sFlow-RT';
    throw new SquallError('Unavailable', `this process was told to receive no sFlow; ${remedy}`);
  }
  const collector = await openCollector(collectorOptionsOf(listen, place));
  log.info({ address: formatAddress(collector.address) }, 'sFlow is received');
  for (const { reason, message } of collector.warnings) log.warn({ reason }, message);
  // Of a loopback address they are our own choice.
  const unheard = listen.host === '::' ? networksWithoutFamily(collector.address.host, allow) : [];
  if (unheard.length > 0) log.warn({ unheard }, 'this machine has no IPv6: nothing comes in from these networks');
  return collector;
}
