/** Whether a hypothesis's own packets met a fault: named counters in the gate, and the rules that count into them. */
import type { ExposureRule, FaultWork } from '../api/index.ts';
import { familyOf, formatBlock, parseBlock } from './addresses.ts';
import { type GateRule, trafficMatches } from './gate-rules.ts';
import { exposureCounterName } from './names.ts';
import { criteriaOf, type Criterion, exceptionsOf, holds } from './selection.ts';
import { joinPorts, type Traffic } from './traffic.ts';

/** Which named counter counts a hypothesis's packets that meet a fault. */
export type ExposureCounter = { faultId: string; hypothesis: string; counter: string };

/** The exposure rules of one fault; a hypothesis whose packets the fault leaves out keeps its counter, at zero. */
export function exposureOf(work: FaultWork, podUid: string): (ExposureCounter & { rules: GateRule[] })[] {
  const [criteria, exceptions] = [criteriaOf(work), exceptionsOf(work)];
  const asked = work.exposure.filter((rule) => rule.podUid === podUid);
  return [...new Set(asked.map(({ hypothesis }) => hypothesis))].sort().map((hypothesis, index) => {
    const counter = exposureCounterName(work.id, index);
    const placed = asked.filter((rule) => rule.hypothesis === hypothesis && !holds(exceptions, rule.address));
    const rules = placed.flatMap((rule) => exposureRules(work.id, rule, probePorts(criteria, rule), counter));
    return { faultId: work.id, hypothesis, counter, rules };
  });
}

/** Ports that a rule asks of a probe's packets. */
type ProbePorts = Pick<Traffic, 'peerPorts' | 'ownPorts'>;

function exposureRules(
  faultId: string,
  { address, protocol }: ExposureRule,
  ports: readonly ProbePorts[],
  counter: string,
): GateRule[] {
  const family = familyOf(address);
  const probes = protocol === 'icmp' ? (['icmp'] as const) : (['tcp-from-prober', 'tcp-to-prober'] as const);
  return ports.flatMap((asked) =>
    probes.map((probe) => ({
      comment: `exposure ${counter}`,
      matches: [
        { match: 'lease', faultId },
        { match: 'address', family, blocks: [formatBlock(parseBlock(address, family), family)] },
        { match: 'probe', family, protocol: probe },
        ...trafficMatches({ addresses: 'all', ...asked }),
      ],
      counters: [counter],
      returns: false,
    })),
  );
}

/** At which ports a fault hurts such a probe; no two of them share a packet, since each is counted by a rule of its own. */
function probePorts(criteria: readonly Criterion[], { address, protocol }: ExposureRule): ProbePorts[] {
  const hurting = criteria.filter(
    (criterion) =>
      criterion.pingBytes === undefined &&
      holds(criterion.addresses, address) &&
      (criterion.protocol === undefined || criterion.protocol === protocol) &&
      (protocol === 'tcp' || (criterion.peerPorts === undefined && criterion.ownPorts === undefined)),
  );
  const owns = [...new Map(hurting.map(({ ownPorts }) => [JSON.stringify(ownPorts), ownPorts])).values()];
  return owns.flatMap((ownPorts): ProbePorts[] => {
    const ranges = hurting.filter((one) => one.ownPorts?.first === ownPorts?.first).map(({ peerPorts }) => peerPorts);
    if (ranges.includes(undefined)) return [{ ownPorts }];
    return joinPorts(ranges.filter((range) => range !== undefined)).map((peerPorts) => ({ peerPorts, ownPorts }));
  });
}
