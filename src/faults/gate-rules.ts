/** The rules of a gate's chains. Where a rule asks for an address, it is the other end's: of what goes out the destination, of what comes in the source. */
import type { FaultWork } from '../api/index.ts';
import { families, type Family, formatBlock } from './addresses.ts';
import { classKey, type Flow } from './classes.ts';
import { gateCounterName } from './names.ts';
import { type ClassPlace, everybodys, type PlacedClass } from './place.ts';
import { exclusionsOf, familiesOf } from './selection.ts';

/** What a rule asks of a packet; all that a rule lists must hold. */
export type PacketMatch =
  | { match: 'leaves-by-other-device'; devices: string[] }
  | { match: 'address'; family: Family; blocks: string[] }
  | { match: 'no-ip' | 'name-resolution' | 'neighbour-discovery' | 'group-membership' }
  | { match: 'lease'; faultId: string }
  | { match: 'peer'; family: Family; faultId: string }
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

/** What is never hurt. An inet chain never meets ARP; a chain at a device does. */
export function exclusionRules(works: readonly FaultWork[], flow: Flow, devices: string[]): GateRule[] {
  const rule = (comment: string, match: PacketMatch): GateRule => ({ comment, matches: [match], counters: [], returns: true });
  const excluded = exclusionsOf(works);
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
    rule('name resolution', { match: 'name-resolution' }),
    rule('neighbour discovery', { match: 'neighbour-discovery' }),
    rule('group membership', { match: 'group-membership' }),
  ];
}

export function classRules(classes: readonly PlacedClass[]): GateRule[] {
  return classes
    .toSorted((a, b) => b.faultClass.faults.length - a.faultClass.faults.length || (keyOf(a) < keyOf(b) ? -1 : 1))
    .flatMap(({ faultClass: { faults, selection }, place: { band, priority, forwardTo } }) =>
      (familiesOf(selection) ?? [undefined]).map((family): GateRule => ({
        comment: `band ${String(band)}${family === undefined ? '' : ` ${family}`}`,
        matches: [
          ...faults.map(({ id }) => ({ match: 'lease' as const, faultId: id })),
          ...(family === undefined ? [] : peerMatches(faults, family)),
        ],
        counters: faults.map(({ id }) => gateCounterName(id)),
        priority,
        ...(forwardTo === undefined ? {} : { forwardTo }),
        returns: forwardTo === undefined,
      })),
    );
}

const keyOf = ({ faultClass }: PlacedClass): string => classKey(faultClass);

function peerMatches(faults: readonly FaultWork[], family: Family): PacketMatch[] {
  return faults.filter(({ peers }) => peers !== 'all').map(({ id }) => ({ match: 'peer', family, faultId: id }));
}

/** The mark goes with this: the packet comes by again after it has passed the device of ours, and must not be sent there twice. */
export function markRule({ mark, forwardTo }: NonNullable<ClassPlace['atDevice']>): GateRule {
  const matches = [{ match: 'priority' as const, priority: mark }];
  return { comment: `mark ${mark}`, matches, counters: [], priority: everybodys, forwardTo, returns: false };
}
