/** What others have in a target's network namespace: put there before the first round, and the same after every one. */
import { runProgram } from '../../src/lib/index.ts';

export type KernelState = { tc: string; nft: string; ip: string };

const tables = `
table ip mesh {
  chain out {
    type filter hook postrouting priority 300; policy accept;
    ip daddr 10.99.0.9 counter accept
  }
}
table inet firewall {
  set recent { type ipv4_addr; flags timeout; elements = { 192.0.2.1 timeout 24h } }
  chain late {
    type filter hook postrouting priority 400; policy accept;
    meta mark 7 counter drop
  }
}
`;

/** A firewall, a device with a queueing discipline of its own, and a link without a queue. */
export async function putForeignState(namespace: string): Promise<void> {
  await inside(namespace, ['nft', '-f', '-'], tables);
  await inside(namespace, ['ip', 'link', 'add', 'foreign0', 'type', 'ifb']);
  await inside(namespace, ['ip', 'link', 'set', 'foreign0', 'up']);
  await inside(namespace, ['tc', 'qdisc', 'add', 'dev', 'foreign0', 'root', 'handle', '5:', 'pfifo', 'limit', '77']);
  await inside(namespace, ['ip', 'link', 'set', 'eth0', 'txqueuelen', '0']);
}

/** Byte for byte as the tools print it, except counters and the remaining time of timed elements. */
export async function readKernelState(namespace: string): Promise<KernelState> {
  const [tc, nft, ip] = await Promise.all([
    inside(namespace, ['tc', '-j', 'qdisc', 'show']),
    inside(namespace, ['nft', '-j', 'list', 'ruleset']),
    inside(namespace, ['ip', '-j', 'link', 'show']),
  ]);
  const withoutCounts = (text: string) => text.replace(/"(packets|bytes|expires)": ?\d+/g, '"$1": 0');
  return { tc: withoutCounts(tc), nft: withoutCounts(nft), ip: withoutCounts(ip) };
}

/** The tools whose print differs. */
export function differences(before: KernelState, after: KernelState): string[] {
  return (['tc', 'nft', 'ip'] as const)
    .filter((tool) => before[tool] !== after[tool])
    .map((tool) => `${tool} shows another state than before the round: ${after[tool]} instead of ${before[tool]}`);
}

/** Runs a program in a network namespace and gives what it printed; rejects when it fails. */
export async function inside(namespace: string, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram('nsenter', [`--net=/run/netns/${namespace}`, '--', ...args], { input });
  if (code !== 0) throw new Error(`${args.join(' ')} in ${namespace}: ${stderr.trim()}`);
  return stdout;
}
