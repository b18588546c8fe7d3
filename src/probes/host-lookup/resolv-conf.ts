/** How a program on Linux asks for a name, as resolv.conf(5) has it. Pure. */
import { isIP } from 'node:net';

export type ResolverConfiguration = {
  /** At most 3, of both families. */
  servers: string[];
  search: string[];
  /** A name with so many dots is asked for as it is before the search list is tried. */
  ndots: number;
  timeoutSeconds: number;
  attempts: number;
};

const mostServers = 3;
/** RES_MAXNDOTS, RES_MAXRETRANS and RES_MAXRETRY of glibc's resolv.h: what is more is these. */
const most = { ndots: 15, timeout: 30, attempts: 5 };
/** Where no server is named, it is the machine's own; in a network namespace, that namespace's. */
const ownServer = '127.0.0.1';
const longestName = 253;

/** Lines that mean nothing are passed over, as the C library does. Of several lists for searching the last counts. */
export function parseResolvConf(text: string): ResolverConfiguration {
  const configuration: ResolverConfiguration = { servers: [], search: [], ndots: 1, timeoutSeconds: 5, attempts: 2 };
  for (const line of text.split('\n')) {
    // A comment has its sign in the first column.
    const [keyword, ...words] = /^[#;]/.test(line) ? [] : line.split(/\s+/).filter((word) => word !== '');
    if (/^\s/.test(line)) continue;
    if (keyword === 'nameserver' && isIP(words[0] ?? '') !== 0) configuration.servers.push(words[0] ?? '');
    else if (keyword === 'domain' && words[0] !== undefined) configuration.search = [words[0]];
    else if (keyword === 'search') configuration.search = words;
    else if (keyword === 'options') for (const option of words) setOption(configuration, option);
  }
  const servers = configuration.servers.slice(0, mostServers);
  return { ...configuration, servers: servers.length === 0 ? [ownServer] : servers };
}

function setOption(configuration: ResolverConfiguration, option: string): void {
  const [, name, digits] = /^(ndots|timeout|attempts):(\d{1,9})/.exec(option) ?? [];
  const value = Number(digits);
  if (name === 'ndots') configuration.ndots = Math.min(value, most.ndots);
  else if (name === 'timeout') configuration.timeoutSeconds = Math.min(Math.max(value, 1), most.timeout);
  else if (name === 'attempts') configuration.attempts = Math.min(Math.max(value, 1), most.attempts);
}

/** The names that a host is asked for by, in turn, until one has an address. None ends in a dot; each occurs once. */
export function candidatesOf(host: string, { search, ndots }: Pick<ResolverConfiguration, 'search' | 'ndots'>): string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)];
  const dots = host.split('.').length - 1;
  const searched = search.map((domain) => withoutDots(`${host}.${domain}`));
  const names = dots >= ndots ? [host, ...searched] : [...searched, host];
  return [...new Set(names)].filter((name) => name.length <= longestName);
}

/** A search list may have the root, written as a dot. */
function withoutDots(name: string): string {
  return name.replace(/\.+$/, '');
}

const mostTries = 2;

/**
 * How long one server is waited for, and how often all are asked, so that a name that nobody answers for is given up in time.
 * Whatever asks doubles the time with each try.
 * @param withinMs for all servers and tries together
 */
export function patienceOf(
  { servers, timeoutSeconds, attempts }: Pick<ResolverConfiguration, 'servers' | 'timeoutSeconds' | 'attempts'>,
  withinMs: number,
): { timeoutMs: number; tries: number } {
  const tries = Math.min(attempts, mostTries);
  const shares = servers.length * (2 ** tries - 1);
  return { timeoutMs: Math.max(1, Math.min(timeoutSeconds * 1000, Math.floor(withinMs / shares))), tries };
}
