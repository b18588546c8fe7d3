/**
 * Whether data goes from socket to socket of one node (BPF sockmap), past every device and every fault. No kernel tells which sockets; that
 * somebody has pinned a map for it is a hint.
 */
import type { CheckResult } from '../api/index.ts';
import { firstFew } from '../lib/index.ts';
import type { CheckOf } from './check-of.ts';

/** Folders below the BPF file system where programs pin their maps. */
export const pinFolders: readonly string[] = ['', 'tc/globals', 'sockops'];

/** Maps of sockets: Cilium's sockops (before 1.14), Merbridge. */
const socketMaps = [/^cilium_sock_ops$/, /^sock_ops_map$/, /^sock_pair_map$/];

/** @param pins names in `pinFolders`; undefined where they may not be looked at */
export function judgeShortCircuit(check: CheckOf<'short-circuit'>, pins: readonly string[] | undefined): CheckResult {
  const expected = "no data goes past the devices between this node's pods";
  if (pins === undefined) return { check, ok: true, expected, found: 'what BPF programs have pinned cannot be seen', remedy: '' };
  const maps = pins.filter((name) => socketMaps.some((pattern) => pattern.test(name)));
  if (maps.length === 0) return { check, ok: true, expected, found: 'no map of sockets that is known', remedy: '' };
  const warning = `ShortCircuit: the BPF map ${firstFew(maps)} is for handing over data between sockets of this node: what its pods send each other may not meet the fault`;
  return { check, ok: true, expected, found: `BPF maps of sockets: ${firstFew(maps)}`, remedy: '', warning };
}
