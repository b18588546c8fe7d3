/** Whether a hypothesis's own packets met a fault: named counters in the gate, and the rules that count into them. */
import type { ExposureRule, FaultWork } from '../api/index.ts';
import { familyOf, formatBlock, parseBlock } from './addresses.ts';
import { type GateRule, trafficMatches } from './gate-rules.ts';
import { exposureCounterName } from './names.ts';
import { criteriaOf, type Criterion, exceptionsOf, holds } from './selection.ts';

/** Which named counter counts a hypothesis's packets that meet a fault. */
export type ExposureCounter = { faultId: string; hypothesis: string; counter: string };

/** The exposure rules of one fault; a hypothesis whose packets the fault leaves out keeps its counter, at zero. */
export function exposureOf(work: FaultWork, podUid: string): (ExposureCounter & { rules: GateRule[] })[] {
  const asked = work.exposure.filter((rule) => rule.podUid === podUid && !holds(exceptionsOf(work), rule.address));
  const named = work.exposure.filter((rule) => rule.podUid === podUid).map(({ hypothesis }) => hypothesis);
  return [...new Set(named)].sort().map((hypothesis, index) => {
    const counter = exposureCounterName(work.id, index);
    const placed = asked.filter((rule) => rule.hypothesis === hypothesis);
    return { faultId: work.id, hypothesis, counter, rules: placed.flatMap((rule) => exposureRules(work, rule, counter)) };
  });
}

function exposureRules(work: FaultWork, { address, protocol }: ExposureRule, counter: string): GateRule[] {
  const family = familyOf(address);
  const probes = protocol === 'icmp' ? (['icmp'] as const) : (['tcp-from-prober', 'tcp-to-prober'] as const);
  return hurtProbes(work, address, protocol).flatMap((criterion) =>
    probes.map((probe) => ({
      comment: `exposure ${counter}`,
      matches: [
        { match: 'lease', faultId: work.id },
        { match: 'address', family, blocks: [formatBlock(parseBlock(address, family), family)] },
        { match: 'probe', family, protocol: probe },
        ...trafficMatches({ ...criterion, protocol: undefined }),
      ],
      counters: [counter],
      returns: false,
    })),
  );
}

/** Where one of them asks for no port, it covers the others. */
function hurtProbes(work: FaultWork, address: string, protocol: 'icmp' | 'tcp'): Criterion[] {
  const asksPort = ({ peerPorts, ownPorts }: Criterion) => peerPorts !== undefined || ownPorts !== undefined;
  const hurting = criteriaOf(work).filter(
    (criterion) =>
      criterion.pingBytes === undefined &&
      holds(criterion.addresses, address) &&
      (criterion.protocol === undefined || criterion.protocol === protocol) &&
      (protocol === 'tcp' || !asksPort(criterion)),
  );
  const whole = hurting.find((criterion) => !asksPort(criterion));
  return whole === undefined ? hurting : [whole];
}
