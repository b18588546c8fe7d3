/**
 * Whether a target's packets pass its namespace's own IP stack. The gate of a fault is there: of what a virtual machine or a program's own
 * stack sends it meets nothing, and the run would end without a dose.
 */
import type { CheckResult } from '../api/index.ts';
import { type CheckOf, plural, type TargetFinding, tellTargets } from './check-of.ts';
import type { DeviceLook, NamespaceLook, PacketsMoved, PacketSocket } from './target-look.ts';

/**
 * `namespace` and `device` are absent where they are missing: another check says so. `moved` is asked for where `hasIpSocket` says so.
 */
export type StackFacts = { podUid: string; namespace?: NamespaceLook; device?: DeviceLook; moved?: PacketsMoved };

/** As linux/if_ether.h numbers them: IPv4, IPv6, everything. ARP, LLDP and the like are no business of a fault. */
const ipProtocols = [0x0800, 0x86dd, 0x0003];
/** Packets that a device may count for one of the stack, by segmentation offload: 512 KiB (BIG TCP) in segments of 536 bytes. */
const mostSegments = 1000;

/** RuntimeClass names that the projects' own manuals and installers give. */
const sandboxes: readonly { pattern: RegExp; name: string }[] = [
  { pattern: /^(gvisor|runsc)(-|$)/, name: 'gVisor' },
  { pattern: /^kata(-|$)/, name: 'Kata Containers' },
];

export function judgeIpStack(check: CheckOf<'ip-stack'>, facts: readonly StackFacts[]): CheckResult {
  const { podUids, device, runtimeClasses = {} } = check;
  const expected = `what ${plural(podUids.length, 'target')} send at ${device} passes the namespace's own IP stack`;
  const findings = facts.flatMap((one) => findingsOf(one, device, runtimeClasses[one.podUid]));
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

function findingsOf(facts: StackFacts, name: string, runtimeClass: string | undefined): TargetFinding[] {
  const { podUid, namespace, device, moved } = facts;
  const refused = (reason: string): TargetFinding[] => [{ podUid, refusal: `OtherStack: ${reason}` }];
  const sandbox = sandboxes.find(({ pattern }) => runtimeClass !== undefined && pattern.test(runtimeClass));
  if (sandbox !== undefined) {
    return refused(`its RuntimeClass '${String(runtimeClass)}' is one of ${sandbox.name}, which has an IP stack of its own`);
  }
  if (namespace === undefined || device === undefined) return [];
  // An ifb gives packets back to the stack; every other device takes them away.
  const away = [...(device.redirects ?? []).filter(({ kind }) => kind !== 'ifb'), ...device.taps];
  const [first] = away;
  if (first !== undefined) {
    const kind = first.kind === '' ? 'a device' : `a ${first.kind} device`;
    return refused(`what comes in at ${name} goes to ${first.device}, ${kind}, as that of a virtual machine (Kata) does`);
  }
  const hasSocket = hasIpSocket(namespace, device);
  if (hasSocket && (!device.hasAddress || isSentByOthers(moved))) {
    return refused(
      `a program has a packet socket at ${name} and the namespace's own stack sends next to nothing there, as with gVisor`,
    );
  }
  const warnings = [
    ...(hasSocket
      ? [
          `PacketSocket: a program has a packet socket at ${name}, such as tcpdump or a DHCP client: packets that it sends by itself are not hurt`,
        ]
      : []),
    ...(device.redirects === undefined
      ? [
          `FiltersUnread: tc does not print the filters at ${name} so that they can be read: one may send packets to a virtual machine`,
        ]
      : []),
  ];
  return warnings.map((warning) => ({ podUid, warning }));
}

/** A program may have an IP stack of its own there. */
export function hasIpSocket(namespace: NamespaceLook, device: DeviceLook): boolean {
  return namespace.packetSockets.some((socket) => takesIp(socket, device.index));
}

const takesIp = ({ protocol, device }: PacketSocket, index: number): boolean =>
  ipProtocols.includes(protocol) && (device === 0 || device === index);

/** By what moves now: a device that was moved here still counts what it sent elsewhere. */
function isSentByOthers(moved: PacketsMoved | undefined): boolean {
  return moved !== undefined && moved.sent > mostSegments * Math.max(1, moved.sentByStack);
}
