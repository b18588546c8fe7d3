/** Finds the addresses of a name as the C library does with `hosts: files dns`. Decides; whoever calls it asks the name servers. */
import { isIP } from 'node:net';
import { addressesInHostsFile } from './hosts-file.ts';
import { type HostLookupLine, mostAddresses } from './protocol.ts';
import { candidatesOf, type ResolverConfiguration } from './resolv-conf.ts';

export type AddressRecord = { address: string; ttl: number };

/** @property error an error's code, such as ENOTFOUND, ENODATA, ESERVFAIL or ETIMEOUT. */
export type Reply = { records: AddressRecord[] } | { error: string };

export type Ask = (name: string, family: 4 | 6) => Promise<Reply>;

export type NameFiles = { configuration: ResolverConfiguration; hostsFile: string };

/** What both families together say of one name. */
export type NameOutcome =
  | { outcome: 'found'; ipv4: string[]; ipv6: string[]; ttlSeconds: number }
  /** The name has no address, or its servers failed: the next name is tried. */
  | { outcome: 'next'; error: string }
  /** Nobody knows whether the target would have found something here: the next name may be another host. */
  | { outcome: 'stop'; error: string };

/** There is no such name, or it has no address of the family. */
const none = ['ENOTFOUND', 'ENODATA'];
const serverFailed = 'ESERVFAIL';

/** Both answers count, or none does: half of a host's addresses would be another peer than was asked for. */
export function outcomeOf(ipv4: Reply, ipv6: Reply): NameOutcome {
  const errors = [ipv4, ipv6].map((reply) => ('error' in reply ? reply.error : undefined));
  const broken = errors.find((error) => error !== undefined && !none.includes(error));
  const records = [ipv4, ipv6].map((reply) => ('records' in reply ? reply.records : []));
  const all = records.flat();
  if (broken !== undefined) return { outcome: broken === serverFailed && all.length === 0 ? 'next' : 'stop', error: broken };
  if (all.length === 0) return { outcome: 'next', error: errors.find((error) => error !== undefined) ?? 'ENODATA' };
  const [first = [], second = []] = records.map((found) => [...new Set(found.map(({ address }) => address))].sort());
  return { outcome: 'found', ipv4: first, ipv6: second, ttlSeconds: Math.min(...all.map(({ ttl }) => ttl)) };
}

/** Never rejects: a name that has no address comes back with the reason. */
export async function lookUp(host: string, { configuration, hostsFile }: NameFiles, ask: Ask): Promise<HostLookupLine> {
  const family = isIP(host);
  if (family !== 0) return { host, ipv4: family === 4 ? [host] : [], ipv6: family === 6 ? [host] : [] };
  const inFile = addressesInHostsFile(hostsFile, host);
  if (inFile.ipv4.length + inFile.ipv6.length > 0) return bounded({ host, ...inFile });
  const errors: string[] = [];
  for (const name of candidatesOf(host, configuration)) {
    const found = outcomeOf(...(await Promise.all([ask(name, 4), ask(name, 6)])));
    if (found.outcome === 'found') {
      const { ipv4, ipv6, ttlSeconds } = found;
      return bounded({ host, ipv4, ipv6, ttlSeconds });
    }
    errors.push(`${name}: ${found.error}`);
    if (found.outcome === 'stop') break;
  }
  const servers = configuration.servers.join(', ');
  return { host, error: `no address by name server ${servers} (${errors.join(', ')})` };
}

function bounded(found: Exclude<HostLookupLine, { error: string }>): HostLookupLine {
  const { host, ipv4, ipv6 } = found;
  const count = Math.max(ipv4.length, ipv6.length);
  if (count <= mostAddresses) return found;
  return {
    host,
    error: `${String(count)} addresses of one family; expected at most ${String(mostAddresses)}, name the networks as kind cidr`,
  };
}
