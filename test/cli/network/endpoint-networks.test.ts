import { describe, expect, it } from 'vitest';
import { refuseEndpointsOutside } from '../../../src/cli/network/endpoint-networks.ts';
import { readNetworks } from '../../../src/cli/network/sflow-options.ts';
import { codeOf, messageOf } from '../../../src/lib/index.ts';
import type { NetworkObserver } from '../../../src/observers/index.ts';

function outcomeOf(networks: string | undefined, ip: string): string {
  const opened: string[] = [];
  const open = refuseEndpointsOutside(readNetworks(['--endpoints', networks]), (endpoint) => {
    opened.push(endpoint.ip);
    return {} as NetworkObserver;
  });
  try {
    open({ ip, port: 8008 });
    return opened.join();
  } catch (error) {
    expect(opened).toEqual([]);
    return `${codeOf(error)}: ${messageOf(error)}`;
  }
}

describe('the endpoints that monitors may name', () => {
  it.each([
    [undefined, '10.0.0.10'],
    [undefined, '2001:db8::1'],
    ['10.0.0.0/8', '10.255.0.1'],
    ['10.0.0.10,fd00::/8', '10.0.0.10'],
    ['10.0.0.10,fd00::/8', 'fd12::1'],
    ['0.0.0.0/0,::/0', '192.0.2.1'],
    ['0.0.0.0/0,::/0', '2001:db8::1'],
    ['127.0.0.1', '127.0.0.1'],
    ['169.254.7.0/24,::1', '169.254.7.9'],
    ['169.254.7.0/24,::1', '::1'],
  ])('of --endpoints %s include %s', (networks, ip) => {
    expect(outcomeOf(networks, ip)).toBe(ip);
  });

  it.each([
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254', '::1', '::', 'fe80::1', '::ffff:127.0.0.1'].flatMap((ip) => [
      [undefined, ip],
      ['0.0.0.0/0,::/0', ip],
    ]),
    ['10.0.0.0/8', '11.0.0.1'],
    ['10.0.0.0/8', '2001:db8::1'],
    ['10.0.0.10', '10.0.0.11'],
    ['fd00::/8', '10.0.0.10'],
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.1', '10.0.0.10'],
  ])('of --endpoints %s do not include %s, which is refused with the field and the remedy', (networks, ip = '') => {
    expect(outcomeOf(networks, ip)).toMatch(
      /^InvalidInput: monitoringEndpoint\.ip: expected an address .*--endpoints.*, found '/,
    );
  });
});
