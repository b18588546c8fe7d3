/** Who may send: asked of every datagram before anything of it is read. */
import { BlockList, isIP, SocketAddress } from 'node:net';
import { SquallError } from '../../lib/index.ts';

/** Anybody can send from many addresses; the answers of so many are kept. */
const mostRemembered = 4096;
const mappedPrefix = '::ffff:';

/**
 * A function that tells whether an address, as a UDP socket gives it, is in one of the networks. Of an empty list every address is.
 * @throws InvalidInput
 */
export function allowedSources(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true;
  const list = new BlockList();
  networks.forEach((written, index) => {
    addNetwork(list, written, index);
  });
  const remembered = new Map<string, boolean>();
  return (address) => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    const plain = plainAddress(address);
    const allowed = list.check(plain, familyOf(plain));
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(address, allowed);
    return allowed;
  };
}

/** Without the zone of a link-local address; that of a socket for both families as the IPv4 address it is. */
export function plainAddress(address: string): string {
  const [withoutZone = ''] = address.split('%');
  const ipv4 = withoutZone.startsWith(mappedPrefix) ? withoutZone.slice(mappedPrefix.length) : '';
  return isIP(ipv4) === 4 ? ipv4 : withoutZone;
}

function addNetwork(list: BlockList, written: string, index: number): void {
  const [address = '', prefix, ...rest] = written.split('/');
  const family = isIP(address);
  const bits = family === 4 ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : bits + 1;
  if (family === 0 || rest.length > 0 || length > bits || address.includes('%')) {
    throw refused(written, index, 'expected a network such as 10.0.0.0/8 or fd00::/8, or an address');
  }
  if (family === 6 && new SocketAddress({ address, family: 'ipv6' }).address.startsWith(mappedPrefix)) {
    throw refused(written, index, 'no packet comes from such an address: write the IPv4 network instead');
  }
  list.addSubnet(address, length, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

const refused = (written: string, index: number, expectation: string): SquallError =>
  new SquallError('InvalidInput', `allow[${index}]: found '${written}'; ${expectation}`);
