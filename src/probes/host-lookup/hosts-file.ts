/** What a file of hosts(5) says of a name. Pure. */
import { isIP } from 'node:net';

/** All addresses of all lines that have the name, whatever its case; both empty where none has it. */
export function addressesInHostsFile(text: string, host: string): { ipv4: string[]; ipv6: string[] } {
  const wanted = host.toLowerCase().replace(/\.$/, '');
  const found = { ipv4: new Set<string>(), ipv6: new Set<string>() };
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line
      .replace(/#.*/, '')
      .split(/\s+/)
      .filter((word) => word !== '');
    if (!names.some((name) => name.toLowerCase() === wanted)) continue;
    const family = isIP(address);
    // A zone says through which device, which is no part of an address in a packet.
    if (family === 4) found.ipv4.add(address);
    else if (family === 6 && !address.includes('%')) found.ipv6.add(address);
  }
  return { ipv4: [...found.ipv4].sort(), ipv6: [...found.ipv6].sort() };
}
