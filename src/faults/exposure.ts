/** Whether a hypothesis's own packets met a fault: named counters in the gate, and the rules that count into them. */
import type { ExposureRule, FaultWork } from '../api/index.ts';
import { familyOf, formatBlock, parseBlock } from './addresses.ts';
import type { GateRule } from './gate-rules.ts';
import { exposureCounterName } from './names.ts';
import { selectionOf, selects } from './selection.ts';

/** Which named counter counts a hypothesis's packets that meet a fault. */
export type ExposureCounter = { faultId: string; hypothesis: string; counter: string };

/** The exposure rules of one fault; a hypothesis whose packets the peers leave out keeps its counter, at zero. */
export function exposureOf(work: FaultWork, podUid: string): (ExposureCounter & { rules: GateRule[] })[] {
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
      { match: 'address', family, blocks: [formatBlock(parseBlock(address, family), family)] },
      { match: 'probe', family, protocol: probe },
    ],
    counters: [counter],
    returns: false,
  }));
}
