/** Which addresses a monitor's `monitoringEndpoint` may name: whoever watches for others must not be sent to where only it can go. */
import { BlockList, isIP } from 'node:net';
import { SquallError } from '../../lib/index.ts';
import type { Network } from './network.ts';
import { isIpv4Network } from './sflow-options.ts';

/** Of the machine itself, and what clouds answer only to it: asked only where one of the networks is, or is part of, one of these. */
const ofThisMachine = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '::/128', '::1/128', 'fe80::/10'];

/** @param networks undefined: all but those of the machine itself */
export function refuseEndpointsOutside(
  networks: readonly string[] | undefined,
  openSflowRt: Network['openSflowRt'],
): Network['openSflowRt'] {
  const own = listOf(ofThisMachine);
  const named = listOf((networks ?? []).filter(isOfThisMachine));
  const others = listOf((networks ?? ['0.0.0.0/0', '::/0']).filter((network) => !isOfThisMachine(network)));
  return (endpoint) => {
    const { ip } = endpoint;
    if (check(named, ip) || (check(others, ip) && !check(own, ip))) return openSflowRt(endpoint);
    const expected =
      networks === undefined
        ? 'an address that is neither of the observer itself nor link-local, unless its --endpoints names it'
        : `an address in ${networks.join(', ')}, as the observer's --endpoints says`;
    throw new SquallError('InvalidInput', `monitoringEndpoint.ip: expected ${expected}, found '${ip}'`);
  };
}

function isOfThisMachine(network: string): boolean {
  const [address = '', length] = network.split('/');
  return ofThisMachine.some((one) => check(listOf([one]), address) && Number(length) >= Number(one.split('/')[1]));
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', length] = network.split('/');
    list.addSubnet(address, Number(length), isIpv4Network(network) ? 'ipv4' : 'ipv6');
  }
  return list;
}

function check(list: BlockList, ip: string): boolean {
  return list.check(ip, isIP(ip) === 4 ? 'ipv4' : 'ipv6');
}
