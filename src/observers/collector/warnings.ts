/** What does not keep a collector from working, and should be known. */
import type { ReceiveBuffer } from './counters.ts';

export type CollectorWarning = { reason: 'ReceiveBufferCapped' | 'AnySource' | 'KernelDropsUnknown'; message: string };

export type OpenedFacts = {
  /** Address that it receives on. */
  host: string;
  receiveBuffer: ReceiveBuffer;
  allow: readonly string[];
  /** Why the kernel's drops cannot be read; undefined where they can. */
  dropsUnknown?: string;
};

export function warningsOf({ host, receiveBuffer, allow, dropsUnknown }: OpenedFacts): CollectorWarning[] {
  const { askedBytes, grantedBytes } = receiveBuffer;
  const warnings: CollectorWarning[] = [];
  if (grantedBytes < askedBytes) {
    const remedy = `raise net.core.rmem_max of this machine to ${askedBytes} (sysctl -w net.core.rmem_max=${askedBytes})`;
    const message = `the kernel gave a receive buffer of ${grantedBytes} bytes where ${askedBytes} were asked for: bursts of datagrams are lost; ${remedy}`;
    warnings.push({ reason: 'ReceiveBufferCapped', message });
  }
  if (allow.length === 0 && !isLoopback(host)) {
    const message =
      'datagrams are accepted from every source, and sFlow knows no authentication: give the networks of the exporters (allow)';
    warnings.push({ reason: 'AnySource', message });
  }
  if (dropsUnknown !== undefined) {
    const message = `datagrams that the kernel drops are not counted (${dropsUnknown}): gaps in the numbers of datagrams still tell of them`;
    warnings.push({ reason: 'KernelDropsUnknown', message });
  }
  return warnings;
}

/** Only this machine reaches it. */
const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.');
