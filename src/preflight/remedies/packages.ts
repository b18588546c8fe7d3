/** Which package has a program. */
import type { Distribution } from './distribution.ts';

const debianPackages: Record<string, string> = {
  tc: 'iproute2',
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
};
/** Where they differ from Debian's; fping is in EPEL. */
const redHatPackages: Record<string, string> = { tc: 'iproute-tc', ip: 'iproute' };

export function packageOf(program: string, distribution: Distribution): string {
  const isRedHats = distribution === 'rhel' || distribution === 'amazon-linux';
  return (isRedHats ? redHatPackages[program] : undefined) ?? debianPackages[program] ?? program;
}
