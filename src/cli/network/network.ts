/** What watches the network for monitors: the collector of this process, opened when it is first needed, and clients of sFlow-RTs. */
import type { Logger } from 'pino';
import type { MonitorsOptions } from '../../control/index.ts';
import { type Clock, messageOf, SquallError } from '../../lib/index.ts';
import { type Collector, createSflowRtClient, openCollector } from '../../observers/index.ts';
import { formatAddress } from '../../server/index.ts';
import { type OnDemand, onDemand } from './on-demand.ts';
import type { CollectorPlace } from './sflow-options.ts';

export type Network = Pick<MonitorsOptions, 'openSflowRt'> & { collector: OnDemand<Collector> };

type Told = Pick<Logger, 'info' | 'warn' | 'error'>;

/** Opens nothing yet. */
export function prepareNetwork(place: CollectorPlace, clock: Clock, log: Told): Network {
  return {
    collector: onDemand((ended) => openOwn(place, log, ended)),
    openSflowRt: ({ ip, port }) => createSflowRtClient({ ip, port, clock }),
  };
}

async function openOwn({ listen, allow, receiveBufferBytes }: CollectorPlace, log: Told, ended: () => void): Promise<Collector> {
  if (listen === undefined) {
    const remedy = 'give it an address, or the monitor the monitoringEndpoint of an sFlow-RT';
    throw new SquallError('Unavailable', `this process was told to receive no sFlow; ${remedy}`);
  }
  const collector = await openCollector({
    ...listen,
    ...(allow === undefined ? {} : { allow }),
    ...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
  });
  collector.onEnd((reason) => {
    log.error(messageOf(reason));
    ended();
  });
  log.info({ address: formatAddress(collector.address) }, 'sFlow is received');
  for (const { reason, message } of collector.warnings) log.warn({ reason }, message);
  return collector;
}
