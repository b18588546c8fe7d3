import { isIP, isIPv6 } from 'node:net';

/** Where sFlow datagrams go, as the machine sees it: an IP address (a name would have to be looked up again and again) and a UDP port. */
export type SflowTarget = { host: string; port: number };

/** From `127.0.0.1:6343` or `[::1]:6343`; undefined when it is neither. */
export function parseSflowTarget(text: string): SflowTarget | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]%]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const isAddress = bracketed === undefined ? isIP(host) === 4 : isIPv6(host);
  return isAddress && port >= 1 && port <= 65535 ? { host, port } : undefined;
}

export function formatSflowTarget({ host, port }: SflowTarget): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
