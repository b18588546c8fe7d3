/** How commands are told where sFlow comes in, and from whom. */
import { isIP, isIPv4 } from 'node:net';
import type { Command } from 'commander';
import { networkOf } from '../../api/index.ts';
import { SquallError } from '../../lib/index.ts';
import { isLoopback } from '../../server/index.ts';
import { type ListenAddress, parseListenAddress } from '../serve/listen-address.ts';

export type SflowOptions = { sflow: string; sflowAllow?: string };

/** What the built-in collector is opened with. */
export type CollectorPlace = {
  /** Absent: there is to be none. */
  listen: ListenAddress | undefined;
  /** Networks that datagrams are taken from, of families that come in at `listen`; absent: any. */
  allow?: readonly string[];
  /** Asked of the kernel. */
  receiveBufferBytes?: number;
};

export function withSflowOptions(command: Command): Command {
  return command
    .option(
      '--sflow <address>',
      "UDP for sFlow, opened when the first NetworkMonitor without an endpoint is there; 'none' opens none",
      '127.0.0.1:6343',
    )
    .option(
      '--sflow-allow <networks>',
      'from where sFlow is taken, such as 10.0.0.0/8,192.0.2.7, with commas between; without it from anywhere, of a loopback address from this machine',
    );
}

/** @throws SquallError InvalidInput, which names the option */
export function readSflowOptions({ sflow, sflowAllow }: SflowOptions): CollectorPlace {
  return readCollectorPlace(['--sflow', sflow], ['--sflow-allow', sflowAllow]);
}

export type Given<Text> = readonly [option: string, text: Text];

const loopback = ['127.0.0.0/8', '::1/128'];

/** @throws SquallError InvalidInput, which names the option */
export function readCollectorPlace(address: Given<string>, networks: Given<string | undefined>): CollectorPlace {
  const listen = parseListenAddress(address[1], address[0]);
  if (listen !== undefined && isIP(listen.host) === 0) {
    const expected = 'expected an IP address of this machine, 0.0.0.0 or [::], and a port';
    throw new SquallError('InvalidInput', `${address[0]}: ${expected}, found '${address[1]}'`);
  }
  const given = readNetworks(networks);
  if (listen !== undefined) refuseUnheard(networks[0], given ?? [], listen);
  const allow = given ?? (listen !== undefined && isLoopback(listen) ? loopback : undefined);
  return { listen, ...(allow === undefined ? {} : { allow }) };
}

/** Whoever names exporters means to hear them. */
function refuseUnheard(option: string, networks: readonly string[], { host }: ListenAddress): void {
  const unheard = networks.find((network) => host !== '::' && isIpv4Network(network) !== isIPv4(host));
  if (unheard === undefined) return;
  const expected = `expected networks of the family of ${host}, where nothing else comes in; receive at [::] for both`;
  throw new SquallError('InvalidInput', `${option}: ${expected}, found '${unheard}'`);
}

export function isIpv4Network(network: string): boolean {
  return !network.includes(':');
}

/** @throws SquallError InvalidInput, which names the option */
export function readNetworks([option, text]: Given<string | undefined>): string[] | undefined {
  if (text === undefined) return undefined;
  const networks = text.split(',').map((one) => networkOf(isIP(one) === 0 ? one : `${one}/${isIPv4(one) ? '32' : '128'}`));
  const known = networks.filter((network) => network !== undefined);
  if (known.length === networks.length) return known;
  const expected = 'expected networks or addresses such as 10.0.0.0/8 or 192.0.2.7 with commas and no blanks between';
  throw new SquallError('InvalidInput', `${option}: ${expected}, found '${text}'`);
}

const leastBuffer = 65_536;
/** The kernel doubles it, in an int. */
const mostBuffer = 2 ** 30 - 1;

/** @throws SquallError InvalidInput, which names the option */
export function readReceiveBuffer([option, text]: Given<string | undefined>): Pick<CollectorPlace, 'receiveBufferBytes'> {
  if (text === undefined) return {};
  const bytes = Number(text);
  if (/^\d+$/.test(text) && bytes >= leastBuffer && bytes <= mostBuffer) return { receiveBufferBytes: bytes };
  const expected = `expected a whole number of bytes from ${String(leastBuffer)} to ${String(mostBuffer)}`;
  throw new SquallError('InvalidInput', `${option}: ${expected}, found '${text}'`);
}
