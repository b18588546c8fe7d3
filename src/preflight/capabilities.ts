import type { Capability } from '../api/index.ts';
import { moduleRemedy, type NeededModule, remedyFor, type System } from './remedies/choose.ts';

/**
 * A program that succeeds in an empty network namespace exactly when the kernel and the tools can do it.
 * @property lacking what the node lacks where it fails
 */
export type CapabilityTrial = {
  program: string;
  args: string[];
  input?: string;
  expected: string;
  lacking: NeededModule | 'nftables' | 'egress-hook';
};

/** How a trial ended; `message` is what the program said, in one line, and `hint` what may be the cause. */
export type TrialOutcome = { ok: boolean; message: string; hint?: string };

/** Lines for `ip -batch` that make a device for packets to pass through. It gets no address, and says nothing. */
export function intermediateDeviceLines(name: string): string[] {
  return [`link add name ${name} type ifb`, `link set dev ${name} addrgenmode none`, `link set dev ${name} up`];
}

const table = 'inet squall_trial';

/**
 * Module lists prove nothing (a built-in is in none, a listed one may not load): each capability is tried. The kernel loads the
 * module by itself where it may.
 */
export const capabilityTrials: Record<Capability, CapabilityTrial> = {
  netem: {
    program: 'tc',
    args: ['qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'],
    expected: 'the kernel has the netem queueing discipline (module sch_netem)',
    lacking: { name: 'sch_netem' },
  },
  prio: {
    program: 'tc',
    args: ['qdisc', 'add', 'dev', 'lo', 'root', 'handle', 'fa17:', 'prio', 'bands', '16'],
    expected: 'the kernel has the prio queueing discipline (module sch_prio) with 16 bands',
    lacking: { name: 'sch_prio' },
  },
  tbf: {
    program: 'tc',
    args: ['qdisc', 'add', 'dev', 'lo', 'root', 'tbf', 'rate', '10gbit', 'burst', '3000', 'limit', '1mb'],
    expected: 'the kernel has the tbf queueing discipline (module sch_tbf)',
    lacking: { name: 'sch_tbf' },
  },
  htb: {
    program: 'tc',
    args: ['qdisc', 'add', 'dev', 'lo', 'root', 'handle', 'fa17:', 'htb', 'default', '1'],
    expected: 'the kernel has the htb queueing discipline (module sch_htb)',
    lacking: { name: 'sch_htb' },
  },
  'bpf-filter': {
    program: 'tc',
    args: ['-batch', '-'],
    input: [
      'qdisc add dev lo root handle fa17: htb default 1',
      'filter add dev lo parent fa17: protocol all pref 1 bpf bytecode "2,32 0 0 4294963256,6 0 0 0"',
      '',
    ].join('\n'),
    expected: 'tc can filter packets by a BPF program (module cls_bpf) that knows chance',
    lacking: { name: 'cls_bpf' },
  },
  'nft-set-timeout': {
    program: 'nft',
    args: ['-f', '-'],
    input: [
      `add table ${table}`,
      `add set ${table} lease { type ifname; flags timeout; }`,
      `add element ${table} lease { "lo" timeout 5s }`,
      '',
    ].join('\n'),
    expected: 'nftables takes sets whose elements time out',
    lacking: 'nftables',
  },
  'nft-match-traffic': {
    program: 'nft',
    args: ['-f', '-'],
    input: [
      `add table ${table}`,
      `add chain ${table} gate { type filter hook postrouting priority 300; policy accept; }`,
      `add set ${table} except { type ipv4_addr; flags interval; }`,
      `add rule ${table} gate ip daddr != @except meta l4proto { tcp, udp } th dport 80-90`,
      `add rule ${table} gate icmp type echo-request ip length 68`,
      '',
    ].join('\n'),
    expected: 'nftables tells packets by ports, by protocol and by what is not in a set',
    lacking: 'nftables',
  },
  'nft-set-priority': {
    program: 'nft',
    args: ['-f', '-'],
    input: [
      `add table ${table}`,
      `add chain ${table} gate { type filter hook postrouting priority 300; policy accept; }`,
      `add rule ${table} gate meta priority set fa17:2`,
      '',
    ].join('\n'),
    expected: 'nftables can set the priority of packets in postrouting',
    lacking: 'nftables',
  },
  ifb: {
    program: 'ip',
    args: ['-batch', '-'],
    input: [...intermediateDeviceLines('squall-trial'), ''].join('\n'),
    expected: 'the kernel has intermediate devices (module ifb)',
    // Without the parameter the module makes two devices of its own in the node's namespace.
    lacking: { name: 'ifb', load: 'modprobe ifb numifbs=0' },
  },
  'nft-forward-ingress': {
    program: 'nft',
    args: ['-f', '-'],
    input: forwardTrial('ingress'),
    expected: 'nftables can send what comes in to another device',
    lacking: { name: 'nft_fwd_netdev' },
  },
  'nft-forward-egress': {
    program: 'nft',
    args: ['-f', '-'],
    input: forwardTrial('egress'),
    expected: 'nftables can send what goes out to another device',
    lacking: 'egress-hook',
  },
};

function forwardTrial(hook: 'ingress' | 'egress'): string {
  const trialTable = 'netdev squall_trial';
  return [
    `add table ${trialTable}`,
    `add set ${trialTable} lease { type ifname; flags timeout; }`,
    `add chain ${trialTable} gate { type filter hook ${hook} device "lo" priority 300; policy accept; }`,
    `add rule ${trialTable} gate iifname @lease meta priority set fa17:2 fwd to "lo"`,
    '',
  ].join('\n');
}

/** What to do where the trial fails. */
export function remedyOfCapability(capability: Capability, system: System): string {
  const { lacking } = capabilityTrials[capability];
  return typeof lacking === 'string' ? remedyFor(lacking, system) : moduleRemedy(lacking, system);
}
