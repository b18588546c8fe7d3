/** What a collector is told when it is opened, checked and with its defaults. */
import { isIP } from 'node:net';
import { SquallError } from '../../lib/index.ts';
import { allowedSources } from './allowed-sources.ts';
import type { EngineOptions } from './network-engine.ts';

export type CollectorOptions = {
  /** Address to receive on. @default :: for both families, or 0.0.0.0 on a machine without IPv6 */
  host?: string;
  /** 0: the kernel draws one. @default 6343 */
  port?: number;
  /** Bytes asked of the kernel, which may give less. @default 4 MiB */
  receiveBufferBytes?: number;
  /** Networks and addresses that may send. @default [], which is anybody, and warned of */
  allow?: readonly string[];
  /** Longer datagrams are not decoded. @default 9216, the longest that passes a network of jumbo frames in one piece */
  mostDatagramBytes?: number;
  /** Further datagrams of the same source are not decoded in that second. @default as many as come */
  mostDatagramsPerSecondOfSource?: number;
  /** How much is kept, and what sampling rate is believed. */
  limits?: EngineOptions['limits'];
};

export type CollectorSettings = CollectorOptions &
  Required<Pick<CollectorOptions, 'port' | 'receiveBufferBytes' | 'allow' | 'mostDatagramBytes'>>;

export const sflowPort = 6343;
/** Some thousands of datagrams: what comes while the thread is held up. */
const usualReceiveBufferBytes = 4 * 1024 ** 2;
/** The kernel doubles what it is asked for, in an int. */
const mostReceiveBufferBytes = 2 ** 30 - 1;
const longestUdpPayload = 65_527;

/** @throws InvalidInput */
export function settingsOf(options: CollectorOptions): CollectorSettings {
  const settings = {
    ...options,
    port: options.port ?? sflowPort,
    receiveBufferBytes: options.receiveBufferBytes ?? usualReceiveBufferBytes,
    allow: options.allow ?? [],
    mostDatagramBytes: options.mostDatagramBytes ?? 9216,
  };
  const { host, mostDatagramsPerSecondOfSource: mostOfSource } = settings;
  if (host !== undefined && isIP(host) === 0) {
    throw new SquallError('InvalidInput', `host: found '${host}'; expected an IP address of this machine, 0.0.0.0 or ::`);
  }
  checkInteger('port', settings.port, 0, 65_535);
  checkInteger('receiveBufferBytes', settings.receiveBufferBytes, 1, mostReceiveBufferBytes);
  checkInteger('mostDatagramBytes', settings.mostDatagramBytes, 1, longestUdpPayload);
  if (mostOfSource !== undefined) checkInteger('mostDatagramsPerSecondOfSource', mostOfSource, 1, Number.MAX_SAFE_INTEGER);
  for (const [name, value] of Object.entries(settings.limits ?? {})) {
    checkInteger(`limits.${name}`, value, 1, Number.MAX_SAFE_INTEGER);
  }
  allowedSources(settings.allow);
  return settings;
}

function checkInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new SquallError('InvalidInput', `${name}: found ${value}; expected an integer from ${least} to ${most}`);
}
