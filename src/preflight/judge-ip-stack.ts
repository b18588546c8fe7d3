/**
 * Whether a target's packets pass its namespace's own IP stack. The gate of a fault is there: of what a virtual machine or a program's own
 * stack sends it meets nothing, and the run would end without a dose.
 */
import type { CheckResult } from '../api/index.ts';
import { type CheckOf, plural, type TargetFinding, tellTargets } from './check-of.ts';
import type { DeviceLook, NamespaceLook, PacketSocket } from './target-look.ts';

/** Absent where the namespace, or the device in it, is missing: another check says so. */
export type StackFacts = { podUid: string; namespace?: NamespaceLook; device?: DeviceLook };

/** As linux/if_ether.h numbers them: IPv4, IPv6, everything. ARP, LLDP and the like are no business of a fault. */
const ipProtocols = [0x0800, 0x86dd, 0x0003];
/** More than neighbour discovery and the like of a stack that sends nothing else. */
const fewPackets = 1000;

/** RuntimeClass names that the projects' own manuals and installers give. */
const sandboxes: readonly { pattern: RegExp; name: string }[] = [
  { pattern: /^(gvisor|runsc)(-|$)/, name: 'gVisor' },
  { pattern: /^kata(-|$)/, name: 'Kata Containers' },
];

export function judgeIpStack(check: CheckOf<'ip-stack'>, facts: readonly StackFacts[]): CheckResult {
  const { podUids, device, runtimeClasses = {} } = check;
  const expected = `what ${plural(podUids.length, 'target')} send at ${device} passes the namespace's own IP stack`;
  const findings = facts.map((one) => findingOf(one, device, runtimeClasses[one.podUid]));
  const refusal = tellTargets(findings, 'refusal');
  if (refusal !== undefined) {
    const remedy = 'choose pods of an ordinary runtime (no RuntimeClass of gVisor or Kata), or hurt those that they talk to';
    return { check, ok: false, expected, found: refusal, remedy };
  }
  const warning = tellTargets(findings, 'warning');
  return {
    ...{ check, ok: true, expected, remedy: '' },
    found: 'nothing was seen that goes past it',
    ...(warning === undefined ? {} : { warning }),
  };
}

function findingOf(facts: StackFacts, name: string, runtimeClass: string | undefined): TargetFinding {
  const { podUid, namespace, device } = facts;
  const sandbox = sandboxes.find(({ pattern }) => runtimeClass !== undefined && pattern.test(runtimeClass));
  if (sandbox !== undefined) {
    const refusal = `OtherStack: its RuntimeClass '${String(runtimeClass)}' is one of ${sandbox.name}, which has an IP stack of its own`;
    return { podUid, refusal };
  }
  if (namespace === undefined || device === undefined) return { podUid };
  // An ifb gives packets back to the stack; every other device takes them away.
  const away = [...device.redirects.filter(({ kind }) => kind !== 'ifb'), ...device.taps];
  const [first] = away;
  if (first !== undefined) {
    const kind = first.kind === '' ? 'a device' : `a ${first.kind} device`;
    return {
      podUid,
      refusal: `OtherStack: what comes in at ${name} goes to ${first.device}, ${kind}, as that of a virtual machine (Kata) does`,
    };
  }
  const sockets = namespace.packetSockets.filter((socket) => takesIp(socket, device.index));
  if (sockets.length === 0) return { podUid };
  if (!device.hasAddress || isSentByOthers(namespace, name)) {
    return {
      podUid,
      refusal: `OtherStack: a program has a packet socket at ${name} and the namespace's own stack sends next to nothing there, as with gVisor`,
    };
  }
  return {
    podUid,
    warning: `PacketSocket: a program has a packet socket at ${name}, such as tcpdump or a DHCP client: packets that it sends by itself are not hurt`,
  };
}

const takesIp = ({ protocol, device }: PacketSocket, index: number): boolean =>
  ipProtocols.includes(protocol) && (device === 0 || device === index);

/** Most of what the device has sent was not of the namespace's own stack. */
function isSentByOthers({ packets, sentByStack }: NamespaceLook, device: string): boolean {
  const sent = packets[device]?.sent ?? 0;
  return sent > fewPackets && sent > 2 * sentByStack;
}
