/** Flow keys as people write them for a NetworkMonitor, and what the values of one flow say of its packets. */
import { isIP } from 'node:net';

export type SeenFlow = {
  source: string;
  destination: string;
  protocol?: number;
  sourcePort?: number;
  destinationPort?: number;
};

type Part = keyof SeenFlow;

/** Undefined of a flow in which not both addresses can be read. */
export type FlowKeyReader = { hasPorts: boolean; read: (flow: string) => SeenFlow | undefined };

const partsOfKeys: Readonly<Record<string, Part>> = {
  ipsource: 'source',
  ip6source: 'source',
  ipdestination: 'destination',
  ip6destination: 'destination',
  ipprotocol: 'protocol',
  ip6nexthdr: 'protocol',
  tcpsourceport: 'sourcePort',
  udpsourceport: 'sourcePort',
  tcpdestinationport: 'destinationPort',
  udpdestinationport: 'destinationPort',
};

/** A key by itself, or `or:` and `null:` around keys of the same part of a packet; any other function hides what the packet had. */
function partOf(key: string): { part: Part; otherwise?: string; protocol?: number } | undefined {
  const words = key.replace(/[[\]]/g, '').split(':');
  const otherwise = words[0] === 'null' ? words.at(-1) : undefined;
  const names = (otherwise === undefined ? words : words.slice(1, -1)).filter((word) => word !== 'or');
  const parts = new Set(names.map((name) => (Object.hasOwn(partsOfKeys, name) ? partsOfKeys[name] : undefined)));
  const [part] = parts;
  if (part === undefined || parts.size !== 1) return undefined;
  const protocols = new Set(names.map((name) => (name.startsWith('tcp') ? 6 : name.startsWith('udp') ? 17 : undefined)));
  const [protocol] = protocols;
  return { part, otherwise, ...(protocols.size === 1 && protocol !== undefined ? { protocol } : {}) };
}

/** Undefined where the keys do not have both addresses of a packet. */
export function readerOfKeys(keys: readonly string[]): FlowKeyReader | undefined {
  const parts = keys.map(partOf);
  const names = new Set(parts.map((one) => one?.part));
  if (!names.has('source') || !names.has('destination')) return undefined;
  return {
    hasPorts: names.has('sourcePort') && names.has('destinationPort'),
    read: (flow) => {
      const values = flow.split(',');
      if (values.length !== keys.length) return undefined;
      const found = new Map<Part, string>();
      let implied: number | undefined;
      parts.forEach((one, index) => {
        const value = values[index];
        if (one === undefined || value === undefined || value === one.otherwise) return;
        found.set(one.part, value);
        implied ??= one.protocol;
      });
      const [source, destination] = [addressOf(found.get('source')), addressOf(found.get('destination'))];
      if (source === undefined || destination === undefined) return undefined;
      return {
        source,
        destination,
        protocol: numberOf(found.get('protocol')) ?? implied,
        sourcePort: numberOf(found.get('sourcePort')),
        destinationPort: numberOf(found.get('destinationPort')),
      };
    },
  };
}

/** Canonical text (RFC 5952 for IPv6, as the URL standard writes hosts): an sFlow-RT writes addresses in its own way. */
export function addressOf(text: string | undefined): string | undefined {
  if (text === undefined || text.includes('%')) return undefined;
  const version = isIP(text);
  return version === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : version === 4 ? text : undefined;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
