/**
 * The gate: one nftables table with one postrouting chain. Exclusions come first, then the counters of exposure, then one rule a
 * class from the largest set of faults to the smallest; each names the leases of its whole set and ends in `return`, so that a
 * packet falls through to the next class, in the kernel, as soon as one lease times out.
 */
import type { ExposureRule, FaultWork } from '../api/index.ts';
import { families, type Family, familyOf, formatBlock, parseBlock } from './addresses.ts';
import { classKey, type FaultClass } from './classes.ts';
import { exposureCounterName, gateCounterName, leaseSetName, peerSetName, tableName } from './names.ts';
import { exclusionsOf, familiesOf, selectionOf, selects } from './selection.ts';

/** What a rule asks of a packet; all that a rule lists must hold. */
export type PacketMatch =
  | { match: 'leaves-by-other-device'; devices: string[] }
  | { match: 'destination'; family: Family; blocks: string[] }
  | { match: 'name-resolution' | 'neighbour-discovery' | 'group-membership' }
  | { match: 'lease'; faultId: string }
  | { match: 'peer'; family: Family; faultId: string }
  | { match: 'probe'; family: Family; protocol: 'icmp' | 'tcp-from-prober' | 'tcp-to-prober' };

/** `band` sends the packet there. A rule that `returns` ends the packet's way through the chain. */
export type GateRule = { comment: string; matches: PacketMatch[]; counters: string[]; band?: number; returns: boolean };

export type PeerSet = { name: string; family: Family; blocks: string[] };

/** Which named counter counts a hypothesis's packets that meet a fault. */
export type ExposureCounter = { faultId: string; hypothesis: string; counter: string };

export type Gate = {
  table: string;
  /** Above that of every other postrouting chain of the namespace: the last one to set a packet's priority wins. */
  priority: number;
  leaseSets: string[];
  peerSets: PeerSet[];
  counters: string[];
  exposure: ExposureCounter[];
  rules: GateRule[];
};

export type GateFacts = {
  instance: string;
  priority: number;
  faults: readonly FaultWork[];
  classes: readonly FaultClass[];
  /** Class key → band. */
  bands: ReadonlyMap<string, number>;
  /** Only exposure rules of this pod are placed. */
  podUid: string;
};

export function planGate({ instance, priority, faults, classes, bands, podUid }: GateFacts): Gate {
  const ordered = [...faults].sort((a, b) => (a.id < b.id ? -1 : 1));
  const exposed = ordered.flatMap((work) => exposureOf(work, podUid));
  return {
    table: tableName(instance),
    priority,
    leaseSets: ordered.map(({ id }) => leaseSetName(id)),
    peerSets: ordered.flatMap(peerSetsOf),
    counters: [...ordered.map(({ id }) => gateCounterName(id)), ...exposed.map(({ counter }) => counter)],
    exposure: exposed.map(({ faultId, hypothesis, counter }) => ({ faultId, hypothesis, counter })),
    rules: [...exclusionRules(ordered), ...exposed.flatMap(({ rules }) => rules), ...classRules(classes, bands)],
  };
}

function peerSetsOf({ id, peers }: FaultWork): PeerSet[] {
  const selection = selectionOf(peers);
  if (selection === 'all') return [];
  return families
    .filter((family) => selection[family].length > 0)
    .map((family) => ({
      name: peerSetName(id, family),
      family,
      blocks: selection[family].map((range) => formatBlock(range, family)),
    }));
}

/** What is never hurt. ARP needs no rule: it never meets an inet chain. */
function exclusionRules(works: readonly FaultWork[]): GateRule[] {
  const rule = (comment: string, match: PacketMatch): GateRule => ({ comment, matches: [match], counters: [], returns: true });
  const excluded = exclusionsOf(works);
  return [
    rule('other devices', { match: 'leaves-by-other-device', devices: [...new Set(works.map(({ device }) => device))].sort() }),
    ...families
      .filter((family) => excluded[family].length > 0)
      .map((family) => {
        const blocks = excluded[family].map((range) => formatBlock(range, family));
        return rule(`excluded ${family}`, { match: 'destination', family, blocks });
      }),
    rule('name resolution', { match: 'name-resolution' }),
    rule('neighbour discovery', { match: 'neighbour-discovery' }),
    rule('group membership', { match: 'group-membership' }),
  ];
}

/** The exposure rules of one fault; a hypothesis whose packets the peers leave out keeps its counter, at zero. */
function exposureOf(work: FaultWork, podUid: string): (ExposureCounter & { rules: GateRule[] })[] {
  const asked = work.exposure.filter((rule) => rule.podUid === podUid);
  const selection = selectionOf(work.peers);
  return [...new Set(asked.map(({ hypothesis }) => hypothesis))].sort().map((hypothesis, index) => {
    const counter = exposureCounterName(work.id, index);
    const placed = asked.filter((rule) => rule.hypothesis === hypothesis && selects(selection, rule.address));
    return { faultId: work.id, hypothesis, counter, rules: placed.flatMap((rule) => exposureRules(work.id, rule, counter)) };
  });
}

function exposureRules(faultId: string, { address, protocol }: ExposureRule, counter: string): GateRule[] {
  const family = familyOf(address);
  const probes = protocol === 'icmp' ? (['icmp'] as const) : (['tcp-from-prober', 'tcp-to-prober'] as const);
  return probes.map((probe) => ({
    comment: `exposure ${counter}`,
    matches: [
      { match: 'lease', faultId },
      { match: 'destination', family, blocks: [formatBlock(parseBlock(address, family), family)] },
      { match: 'probe', family, protocol: probe },
    ],
    counters: [counter],
    returns: false,
  }));
}

function classRules(classes: readonly FaultClass[], bands: ReadonlyMap<string, number>): GateRule[] {
  return classes
    .map((faultClass) => ({ ...faultClass, ids: faultClass.faults.map(({ id }) => id) }))
    .sort((a, b) => b.ids.length - a.ids.length || (classKey(a.ids) < classKey(b.ids) ? -1 : 1))
    .flatMap(({ ids, faults, selection }) => {
      const band = bands.get(classKey(ids));
      return (familiesOf(selection) ?? [undefined]).map((family): GateRule => ({
        comment: `band ${String(band)}${family === undefined ? '' : ` ${family}`}`,
        matches: [
          ...ids.map((faultId) => ({ match: 'lease' as const, faultId })),
          ...(family === undefined ? [] : peerMatches(faults, family)),
        ],
        counters: ids.map(gateCounterName),
        band,
        returns: true,
      }));
    });
}

function peerMatches(faults: readonly FaultWork[], family: Family): PacketMatch[] {
  return faults.filter(({ peers }) => peers !== 'all').map(({ id }) => ({ match: 'peer', family, faultId: id }));
}
