import type { Logger } from 'pino';
import { codeOf, messageOf } from '../../lib/index.ts';
import { type LabPlace, setLabSflowTarget } from '../../lab/index.ts';
import { formatAddress } from '../../server/index.ts';
import type { ListenAddress } from '../serve/listen-address.ts';

/** An address to send to, for one that receives on all of them. */
const concrete: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Has the exporter of a lab that is up, where it has one, send to the collector of this process. A lab that cannot be told is said in the log. */
export async function pointLab(place: LabPlace, address: ListenAddress, log: Pick<Logger, 'info' | 'error'>): Promise<void> {
  const target = { host: concrete[address.host] ?? address.host, port: address.port };
  try {
    if (await setLabSflowTarget(place, target))
      log.info({ address: formatAddress(target) }, "the lab's switch exports sFlow there");
  } catch (error) {
    log.error({ code: codeOf(error) }, `the lab's switch could not be pointed at ${formatAddress(target)}: ${messageOf(error)}`);
  }
}
