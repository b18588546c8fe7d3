/** The rules of a gate's chains. Where a rule asks for an address, it is the other end's: of what goes out the destination, of what comes in the source. */
import type { FaultWork, PortRange, Protocol } from '../api/index.ts';
import { families, type Family, formatBlock } from './addresses.ts';
import { classKey, type Flow } from './classes.ts';
import { type Meeting, meetingsOf } from './meetings.ts';
import { gateCounterName } from './names.ts';
import type { ClassPlace, PlacedClass } from './place.ts';
import { exceptionsOf, exclusionsOf } from './selection.ts';
import { familiesOf, type Traffic } from './traffic.ts';

/** What a rule asks of a packet; all that a rule lists must hold. */
export type PacketMatch =
  | { match: 'leaves-by-other-device'; devices: string[] }
  | { match: 'address'; family: Family; blocks: string[] }
  | { match: 'no-ip' | 'name-resolution' | 'sflow' | 'neighbour-discovery' | 'group-membership' }
  | { match: 'lease'; faultId: string }
  | { match: 'no-lease'; faultIds: string[] }
  | { match: 'family'; family: Family }
  | { match: 'peer'; family: Family; faultId: string; group: number }
  | { match: 'not-excepted'; family: Family; faultId: string }
  | { match: 'protocol'; protocol: Protocol }
  | { match: 'port'; of: 'peer' | 'target'; ports: PortRange }
  | { match: 'ping'; family: Family; dataBytes: number }
  | { match: 'probe'; family: Family; protocol: 'icmp' | 'tcp-from-prober' | 'tcp-to-prober' }
  | { match: 'priority'; priority: string };

/** `priority` gives the packet a band or a mark. A rule that `returns` or forwards ends the packet's way through the chain. */
export type GateRule = {
  comment: string;
  matches: PacketMatch[];
  counters: string[];
  priority?: string;
  forwardTo?: string;
  returns: boolean;
};

/** The comment of the rule that names the devices of all faults on what goes out. */
export const otherDevicesComment = 'other devices';

/** While nobody is hurt a packet is asked for nothing else: what a closed gate costs is one rule. */
export function idleRule(works: readonly FaultWork[]): GateRule {
  const faultIds = works.map(({ id }) => id);
  return { comment: 'nothing held', matches: [{ match: 'no-lease', faultIds }], counters: [], returns: true };
}

/** What is never hurt. An inet chain never meets ARP; a chain at a device does. */
export function exclusionRules(works: readonly FaultWork[], flow: Flow, devices: string[]): GateRule[] {
  const rule = (comment: string, match: PacketMatch): GateRule => ({ comment, matches: [match], counters: [], returns: true });
  const excluded = exclusionsOf(works);
  const included = new Set(works.flatMap(({ include = [] }) => include));
  return [
    flow === 'egress'
      ? rule(otherDevicesComment, { match: 'leaves-by-other-device', devices })
      : rule('no IP', { match: 'no-ip' }),
    ...families
      .filter((family) => excluded[family].length > 0)
      .map((family) => {
        const blocks = excluded[family].map((range) => formatBlock(range, family));
        return rule(`excluded ${family}`, { match: 'address', family, blocks });
      }),
    ...(included.has('dns') ? [] : [rule('name resolution', { match: 'name-resolution' })]),
    ...(included.has('sflow') ? [] : [rule('sFlow', { match: 'sflow' })]),
    rule('neighbour discovery', { match: 'neighbour-discovery' }),
    rule('group membership', { match: 'group-membership' }),
  ];
}

/** Every kind of traffic of a class, from the classes of most faults to those of one. */
export function classRules(classes: readonly PlacedClass[]): GateRule[] {
  return classes
    .toSorted((a, b) => b.faultClass.faults.length - a.faultClass.faults.length || (keyOf(a) < keyOf(b) ? -1 : 1))
    .flatMap(({ faultClass: { faults }, place }) => meetingsOf(faults).flatMap((meeting) => meetingRules(meeting, place)));
}

const keyOf = ({ faultClass }: PlacedClass): string => classKey(faultClass);

function meetingRules({ parts, common }: Meeting, { band, priority, forwardTo }: ClassPlace): GateRule[] {
  const excepts = parts.some(({ work: { except } }) => except !== undefined);
  return (familiesOf(common) ?? (excepts ? families : [undefined])).map((family): GateRule => {
    const asked = family === undefined ? [] : parts.flatMap((part) => addressMatches(part, family));
    const ofFamily: PacketMatch[] = family === undefined || asked.length > 0 ? [] : [{ match: 'family', family }];
    return {
      comment: [`band ${String(band)}`, family, trafficWords(common)].filter((word) => word !== undefined).join(' '),
      matches: [
        ...parts.map(({ work }) => ({ match: 'lease' as const, faultId: work.id })),
        ...ofFamily,
        ...asked,
        ...trafficMatches(common),
      ],
      counters: parts.flatMap(({ work, criterion }) => (criterion.pingBytes === undefined ? [gateCounterName(work.id)] : [])),
      priority,
      ...(forwardTo === undefined ? {} : { forwardTo }),
      returns: forwardTo === undefined,
    };
  });
}

function addressMatches({ work: { id, ...work }, criterion }: Meeting['parts'][number], family: Family): PacketMatch[] {
  const { peerGroup, pingBytes, addresses } = criterion;
  const matches: PacketMatch[] = [];
  if (peerGroup !== undefined) matches.push({ match: 'peer', family, faultId: id, group: peerGroup });
  else if (addresses !== 'all') {
    matches.push({ match: 'address', family, blocks: addresses[family].map((range) => formatBlock(range, family)) });
  }
  if (exceptionsOf(work)[family].length > 0) matches.push({ match: 'not-excepted', family, faultId: id });
  if (pingBytes !== undefined) matches.push({ match: 'ping', family, dataBytes: pingBytes });
  return matches;
}

/** What is asked of a packet besides its addresses. */
export function trafficMatches({ protocol, peerPorts, ownPorts }: Traffic): PacketMatch[] {
  const matches: PacketMatch[] = [];
  if (protocol !== undefined) matches.push({ match: 'protocol', protocol });
  if (peerPorts !== undefined) matches.push({ match: 'port', of: 'peer', ports: peerPorts });
  if (ownPorts !== undefined) matches.push({ match: 'port', of: 'target', ports: ownPorts });
  return matches;
}

/** For the comment of a rule, by which it is known again. */
function trafficWords({ protocol, peerPorts, ownPorts, pingBytes }: Traffic): string | undefined {
  const ports = (range: PortRange | undefined) => (range === undefined ? [] : [`${String(range.first)}-${String(range.last)}`]);
  const words = [
    ...(protocol === undefined ? [] : [protocol]),
    ...ports(peerPorts).map((range) => `peer ${range}`),
    ...ports(ownPorts).map((range) => `target ${range}`),
    ...(pingBytes === undefined ? [] : [`dose ${String(pingBytes)}`]),
  ];
  return words.length === 0 ? undefined : words.join(' ');
}

/** The mark goes with this: the packet comes by again after it has passed the device of ours, and must not be sent there twice. */
export function markRule({ mark, forwardTo, priority }: NonNullable<ClassPlace['atDevice']>): GateRule {
  const matches = [{ match: 'priority' as const, priority: mark }];
  return { comment: `mark ${mark}`, matches, counters: [], priority, forwardTo, returns: false };
}
